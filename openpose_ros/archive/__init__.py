"""Many files, on many machines: what is to be done, who does it, and what is done already."""

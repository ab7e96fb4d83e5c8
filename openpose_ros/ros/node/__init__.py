"""The node without its transport: states, images in, people out."""

"""Everything of NVIDIA's: engines that are built, cached, and run on a GPU."""

"""PyTorch's checkpoints, in both of their forms, read without PyTorch."""

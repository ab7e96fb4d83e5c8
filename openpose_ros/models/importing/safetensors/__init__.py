"""Safetensors: tensors of PyTorch without a program around them."""

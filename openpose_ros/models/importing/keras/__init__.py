"""Keras' networks, as .h5 or as the layers model of TensorFlow.js, turned into a `Graph`."""

"""TensorFlow.js' models, of graphs and of layers: read, and turned into a `Graph`."""

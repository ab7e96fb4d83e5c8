"""TensorFlow's frozen graphs: read, and turned into a `Graph`."""

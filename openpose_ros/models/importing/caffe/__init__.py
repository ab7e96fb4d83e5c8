"""Caffe: weights of a .caffemodel, and the graph of its .prototxt or one of OpenPose's own."""

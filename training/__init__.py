"""Training of OpenPose-family networks: data, targets, network, loop, export."""

"""The decoder of PoseNet: roots, then poses along the skeleton's tree, from four kinds of maps."""

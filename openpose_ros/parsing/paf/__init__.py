"""The decoder of OpenPose: peaks, limbs, people, from heatmaps and part affinity fields."""

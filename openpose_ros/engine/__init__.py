"""Engines: what turns a batch of pictures into heatmaps and part affinity fields."""

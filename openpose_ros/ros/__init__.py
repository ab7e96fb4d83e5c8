"""Everything that speaks ROS; what the nodes share does so without importing it."""

"""The node and the camera on ROS 2's DDS wire, without a ROS installation."""

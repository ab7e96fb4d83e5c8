"""The node and the camera in ROS 2: the only place that imports rclpy and its messages."""

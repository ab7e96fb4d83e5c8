"""Between ROS's messages and ours, by their fields alone: nothing of ROS is imported."""

from openpose_ros.ros.messages.people import people_from_message

__all__ = ['people_from_message']

"""Message types without a ROS installation: definitions, CDR, type hashes."""

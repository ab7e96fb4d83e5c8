"""How files are written: whole or not at all, and never over what the same command reads."""

from openpose_ros.files.claims import Claims
from openpose_ros.files.lines import LineFile, check_json_file
from openpose_ros.files.whole import whole_file, whole_path, write_whole

__all__ = ['Claims', 'LineFile', 'check_json_file', 'whole_file', 'whole_path', 'write_whole']

"""Run the command line as `python -m openpose_ros`."""

import sys

from openpose_ros.cli import main

if __name__ == '__main__':
    sys.exit(main())

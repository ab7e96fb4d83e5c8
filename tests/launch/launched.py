"""What the launch tests have in common; `launch_test` finds it beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import subprocess

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, TimerAction
from launch.launch_description_sources import PythonLaunchDescriptionSource
import launch_testing.actions

FILES = Path(__file__).parents[2] / 'launch'
PATIENCE_S = 240.0  # the first start compiles the kernels; never waited for when all is well


def described(file: str, arguments: Mapping[str, str]) -> LaunchDescription:
    """Return what starts one of the launch files with its arguments, and then the test."""
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(FILES / file)), launch_arguments=arguments.items()
    )
    return LaunchDescription(
        [node, TimerAction(period=1.0, actions=[launch_testing.actions.ReadyToTest()])]
    )


def ros2(*arguments: str) -> str:
    """Return what a command of ros2 prints, errors too."""
    done = subprocess.run(
        ['ros2', *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.stdout + done.stderr

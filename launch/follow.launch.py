"""
Start the pose node, and let a robot with Nav2 follow the person that it has chosen.

    ros2 launch openpose_ros follow.launch.py mode:=goal image:=/camera/image_raw depth:=true

mode:=follow keeps after her, by Nav2's FollowObject; mode:=goal goes to the spot before her, by
NavigateToPose. None of this is a safety function.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from openpose_ros.ros.node.launching import BOOLEANS


def generate_launch_description() -> LaunchDescription:
    """Start both nodes; the arguments of openpose.launch.py work here too."""
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution(
                [FindPackageShare('openpose_ros'), 'launch', 'openpose.launch.py']
            )
        )
    )
    follow = Node(
        package='openpose_ros',
        executable='openpose_follow',
        name='openpose_follow',
        namespace=LaunchConfiguration('namespace', default=''),
        parameters=[
            {
                'mode': LaunchConfiguration('mode'),
                'patience': ParameterValue(LaunchConfiguration('patience'), value_type=float),
            }
        ],
        output='screen',
        emulate_tty=True,
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'mode',
                default_value='follow',
                description='keep after the person, or go to the spot before her',
                choices=['follow', 'goal'],
            ),
            DeclareLaunchArgument(
                'patience',
                default_value='2.0',
                description='stop the robot after so many seconds without a person',
            ),
            DeclareLaunchArgument(
                'tracking',
                default_value='true',
                description='follow people, so that the robot keeps to the same person',
                choices=list(BOOLEANS),
            ),
            DeclareLaunchArgument(
                'target_frame',
                default_value='odom',
                description='frame of the poses: one that stays where it is when the robot moves',
            ),
            node,
            follow,
        ]
    )

"""
Play a picture, a video or a webcam as a camera, find the people in it, and show them in RViz.

    ros2 launch openpose_ros demo.launch.py source:=walk.mp4 rviz:=true
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Start the camera, and the node as openpose.launch.py does: its arguments work here too."""
    camera = Node(
        package='openpose_ros',
        executable='openpose_camera',
        name='camera',
        namespace=LaunchConfiguration('namespace', default=''),
        parameters=[
            {
                'source': ParameterValue(LaunchConfiguration('source'), value_type=str),
                'rate': ParameterValue(LaunchConfiguration('rate'), value_type=float),
            }
        ],
        output='screen',
    )
    node = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution(
                [FindPackageShare('openpose_ros'), 'launch', 'openpose.launch.py']
            )
        )
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'source', description='a picture, a folder of pictures, a video or a webcam (0)'
            ),
            DeclareLaunchArgument(
                'rate', default_value='10.0', description='images a second, above 0'
            ),
            camera,
            node,
        ]
    )

"""
Start the pose node on a camera's image topic, and RViz if wanted.

    ros2 launch openpose_ros openpose.launch.py image:=/camera/image_raw nms_window:=3

Several cameras: start it once for each, under a namespace of its own.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare
import yaml

ARGUMENTS = [  # name, default, description, choices
    ('image', 'image', 'topic of the camera image; /compressed is appended if so asked', None),
    ('camera_info', 'camera_info', 'topic of the camera info', None),
    ('namespace', '', 'namespace of the node', None),
    ('use_sim_time', 'false', 'take the time from /clock', ['true', 'false']),
    ('log_level', 'info', 'what is logged', ['debug', 'info', 'warn', 'error', 'fatal']),
    ('rviz', 'false', "start RViz with this package's displays", ['true', 'false']),
]
PARAMETERS = [  # as above; an empty default leaves what the parameter file says
    ('model', '', 'name or path of the model', None),
    (
        'backend',
        '',
        'what runs the model',
        ['', 'auto', 'tensorrt', 'onnxruntime', 'openvino', 'fake'],
    ),
    ('image_transport', '', 'how images come', ['', 'raw', 'compressed']),
    ('nms_window', '', 'side of the square in which a peak is the maximum, map cells, odd', None),
    ('peak_threshold', '', 'a peak of a heatmap must be above this, 0 to 1', None),
    ('paf_threshold', '', 'a sample of a limb counts above this, 0 to 1', None),
    ('paf_min_count', '', 'samples that must count for a limb', None),
    ('min_parts', '', 'keypoints that a person must have', None),
    ('min_score', '', 'a person must score at least this, 0 to 1', None),
]

DISPLAYED = ['openpose/image_annotated', 'openpose/markers']


def start(context: LaunchContext) -> list:
    """Return the nodes, with the parameters that were given."""
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in PARAMETERS}
    parameters = {
        name: text if name == 'model' else yaml.safe_load(text)
        for name, text in given.items()
        if text
    }
    parameters['use_sim_time'] = LaunchConfiguration('use_sim_time').perform(context) == 'true'
    image = LaunchConfiguration('image').perform(context)
    pose = Node(
        package='openpose_ros',
        executable='openpose_node',
        name='openpose',
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file').perform(context), parameters],
        remappings=[('image', image), ('camera_info', LaunchConfiguration('camera_info'))],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen',
        emulate_tty=True,
    )
    rviz = Node(
        package='rviz2',
        executable='rviz2',
        namespace=LaunchConfiguration('namespace'),
        arguments=[
            '-d',
            PathJoinSubstitution([FindPackageShare('openpose_ros'), 'config', 'openpose.rviz']),
        ],
        # The displays name the node without a namespace; so they follow it.
        remappings=[(f'/{topic}', topic) for topic in DISPLAYED],
        condition=IfCondition(LaunchConfiguration('rviz')),
    )
    return [pose, rviz]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and start the nodes."""
    params_file = DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution(
            [FindPackageShare('openpose_ros'), 'config', 'openpose.yaml']
        ),
        description='YAML file of parameters',
    )
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text, choices=choices)
        for name, default, text, choices in ARGUMENTS + PARAMETERS
    ]
    return LaunchDescription([params_file, *declared, OpaqueFunction(function=start)])

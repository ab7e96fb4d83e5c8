"""
Start the pose node on a camera's image topic, and RViz if wanted.

    ros2 launch openpose_ros openpose.launch.py image:=/camera/image_raw nms_window:=3

Several cameras, one node and one network: front/image and left/image come in.

    ros2 launch openpose_ros openpose.launch.py cameras:=front,left image:=image_raw

NAME.image and the others of its topics, and parameters such as NAME.rotate, hold for one camera.
"""

from typing import Any, List  # noqa: UP035  launch compares with this one

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from openpose_ros.ros.node.launching import (
    BOOLEANS,
    camera_remappings,
    cameras_of,
    check_given,
    check_params_file,
    check_single,
    given_parameters,
    is_true,
    parameter_arguments,
)
from openpose_ros.ros.node.params_file import misspelt

ARGUMENTS = [  # name, default, description, choices
    (
        'image',
        'image',
        'topic of the camera image; /compressed is appended if so asked; with cameras:=front,left '
        "a name below each of theirs, and front.image:=TOPIC is one's alone",
        None,
    ),
    ('camera_info', '', 'topic of the camera info; by default beside the image', None),
    ('depth_image', 'depth_image', 'topic of the depth image, with depth:=true', None),
    ('depth_camera_info', '', 'that of the depth camera; by default beside depth_image', None),
    ('namespace', '', 'namespace of the node', None),
    (
        'use_sim_time',
        '',
        'take the time from /clock; empty: as the parameter file, or who includes this one, says',
        ['', *BOOLEANS],
    ),
    ('log_level', 'info', 'what is logged', ['debug', 'info', 'warn', 'error', 'fatal']),
    ('rviz', 'false', "start RViz with this package's displays", list(BOOLEANS)),
]
PARAMETERS = parameter_arguments()  # as above; empty ones leave what the parameter file says

DISPLAYED = ['openpose/image_annotated', 'openpose/markers']


def typed(value: Any) -> Any:
    """
    Return a value as what it is: a model called 8 is a word, and so is a camera called on.

    A list without its type, launch writes down as a Python tuple, which is no YAML to others.
    """
    if isinstance(value, str):
        return ParameterValue(value, value_type=str)
    if isinstance(value, list) and value:
        return ParameterValue(value, value_type=List[type(value[0])])  # noqa: UP006  as above
    return value


def start(context: LaunchContext) -> list:
    """Return the nodes, with the parameters that were given."""
    # Those of single cameras are not declared: what they are called is only known by now.
    texts = dict(context.launch_configurations)
    given = given_parameters(texts)
    parameters = {name: typed(value) for name, value in given.items()}
    sim_time = LaunchConfiguration('use_sim_time').perform(context)
    of_time = {'use_sim_time': is_true(sim_time)} if sim_time else {}
    parameters.update(of_time)
    params_file = LaunchConfiguration('params_file').perform(context)
    namespace = LaunchConfiguration('namespace').perform(context).strip('/')
    node = f'/{namespace}/openpose'.replace('//', '/')
    # Of arguments that are not declared launch is silent; a file that includes this one may have
    # others of its own.
    declared = ['params_file', *(name for name, *_ in ARGUMENTS + PARAMETERS)]
    for line in [*misspelt(texts, declared), *check_params_file(params_file, node, given)]:
        get_logger('openpose.launch').warning(line)
    check_given(given, params_file, node)
    cameras = cameras_of(given, params_file, node)
    check_single(texts, cameras)
    pose = Node(
        package='openpose_ros',
        executable='openpose_node',
        name='openpose',
        namespace=LaunchConfiguration('namespace'),
        parameters=[params_file, *filter(None, [parameters])],  # launch cannot write down none
        remappings=camera_remappings(texts, cameras),
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen',
        emulate_tty=True,
    )
    rviz = Node(
        package='rviz2',
        executable='rviz2',
        namespace=LaunchConfiguration('namespace'),
        parameters=[*filter(None, [of_time])],
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

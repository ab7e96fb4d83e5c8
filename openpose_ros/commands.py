"""The commands that messages tell a user to type, in the form that exists here."""

from __future__ import annotations

from pathlib import Path

PROGRAM = 'openpose-ros'
_PACKAGE = 'openpose_ros'


def command(arguments: str = '', *, module: str = __file__) -> str:
    """
    Return a call of the command line in the form that exists here.

    Parameters
    ----------
    arguments : str
        What follows the program's name: 'models list', say.
    module : str
        A file of the package as Python found it. colcon installs the program beside the package,
        as PREFIX/lib/openpose_ros/openpose-ros, which no shell finds but `ros2 run` does; pip puts
        it where shells look.

    """
    in_colcon = any(
        (folder / 'lib' / _PACKAGE / PROGRAM).is_file() for folder in Path(module).parents
    )
    program = f'ros2 run {_PACKAGE} {PROGRAM}' if in_colcon else PROGRAM
    return f'{program} {arguments}'.rstrip()


def install_cuda_python(cuda: float) -> str:
    """Return how to install NVIDIA's cuda-python for a driver that can do that CUDA, 12.6 say."""
    return "pip install 'cuda-python<13'" if cuda < 13 else 'pip install cuda-python'

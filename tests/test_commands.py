"""What messages tell a user to type exists where he reads them."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros.commands import command, install_cuda_python


@pytest.mark.parametrize(
    ('package', 'program', 'form'),
    [
        ('venv/lib/python3.12/site-packages', 'venv/bin', 'openpose-ros'),
        ('src', 'src/scripts', 'openpose-ros'),  # a checkout
        ('ws/lib/python3.12/site-packages', 'ws/lib/openpose_ros', 'ros2 run'),
        # Ubuntu 22.04's Python installs there.
        ('ws/local/lib/python3.10/dist-packages', 'ws/lib/openpose_ros', 'ros2 run'),
    ],
)
def test_command_has_the_form_that_exists(
    package: str, program: str, form: str, tmp_path: Path
) -> None:
    module = tmp_path / package / 'openpose_ros/commands.py'
    for path in (module, tmp_path / program / 'openpose-ros'):
        path.parent.mkdir(parents=True)
        path.touch()
    said = command('models list', module=str(module))
    if form == 'ros2 run':
        assert said == 'ros2 run openpose_ros openpose-ros models list'
    else:
        assert said == 'openpose-ros models list'
    assert command(module=str(module)) == said.removesuffix(' models list')


def test_the_program_itself_says_how_it_was_called(tmp_path: Path) -> None:
    """As colcon installs it, links for files."""
    source = Path(__file__).parents[1]
    site, folder = tmp_path / 'lib/python3/site-packages', tmp_path / 'lib/openpose_ros'
    folder.mkdir(parents=True)
    (folder / 'openpose-ros').symlink_to(source / 'scripts/openpose-ros')
    for path in (source / 'openpose_ros').rglob('*.py'):
        link = site / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    run = subprocess.run(
        [sys.executable, folder / 'openpose-ros', 'estimate'],
        env={'PYTHONPATH': str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr == (
        'openpose-ros: the following arguments are required: SOURCE; see ros2 run openpose_ros '
        'openpose-ros estimate --help\n'
    )


@pytest.mark.parametrize(
    ('cuda', 'package'),
    [(11.4, "'cuda-python<13'"), (12.9, "'cuda-python<13'"), (13.0, 'cuda-python')],
)
def test_cuda_python_goes_with_the_driver(cuda: float, package: str) -> None:
    assert install_cuda_python(cuda) == f'pip install {package}'

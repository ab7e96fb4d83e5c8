"""Imports point down the tiers, and each heavy dependency stays in its home."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'openpose_ros'
TIERS = [  # low to high; a module may import its own folder and any lower tier
    {'_version', 'advice', 'backends', 'errors'},
    {'skeletons', 'frames', 'placement'},
    {'people', 'models'},
    {'preprocess', 'parsing', 'engine', 'drawing'},  # siblings: none imports another
    {'tracking', 'estimator'},
    {'io'},
    {'ros'},
    {'cli'},
    {'__main__'},
]
RANK = {name: rank for rank, tier in enumerate(TIERS) for name in tier}
HOMES = {  # dependency -> the only places that may import it, at the top or lazily
    'rclpy': ('ros/rclpy/',),
    'cv_bridge': ('ros/rclpy/',),
    'sensor_msgs': ('ros/rclpy/',),
    'openpose_ros.msg': ('ros/rclpy/',),
    'cyclonedds': ('ros/dds/',),
    'rosbags': ('ros/dds/', 'io/bags'),
    'tensorrt': ('engine/tensorrt',),
    'tensorrt_rtx': ('engine/tensorrt',),
    'pycuda': ('engine/tensorrt',),
    'cuda': ('engine/tensorrt',),
    'onnxruntime': ('engine/onnxruntime', 'engine/tensorrt/half_precision'),
    'openvino': ('engine/openvino', 'models/'),
    'numba': ('parsing/paf/_kernels',),
}


def imports_of(source: str) -> set[str]:
    """Return every dotted name that Python source imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, 'write absolute imports, so that the tier shows'
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def complaints(here: str, source: str) -> list[str]:
    """Return what is wrong with the imports of a module at `here`, say 'parsing/paf/peaks'."""
    found = []
    for name in sorted(imports_of(source)):
        home = next((at for dep, at in HOMES.items() if f'{name}.'.startswith(f'{dep}.')), None)
        if home is not None:
            if not here.startswith(home):
                found.append(f'{here} imports {name}; only {", ".join(home)} may')
        elif name.startswith('openpose_ros.') and here != '__init__':
            mine, theirs = here.split('/')[0], name.split('.')[1]
            known = mine in RANK and (theirs in RANK or theirs == '__version__')
            if not known:
                found.append(f'{here} imports {name}: give both a tier')
            elif theirs != '__version__' and mine != theirs and RANK[theirs] >= RANK[mine]:
                found.append(f'{here} imports {name}, which is not below it')
    return found


@pytest.mark.parametrize(
    'path', sorted(PACKAGE.rglob('*.py')), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_down(path: Path) -> None:
    here = path.relative_to(PACKAGE).with_suffix('').as_posix()
    assert not complaints(here, path.read_text(encoding='utf-8'))


@pytest.mark.parametrize(
    ('here', 'source'),
    [
        ('errors', 'from openpose_ros.people import People'),  # upwards
        ('drawing', 'from openpose_ros.preprocess import preprocess'),  # a sibling
        ('io/video', 'def f():\n    import openpose_ros.cli.main'),  # upwards, lazily
        ('parsing/paf/peaks', 'import numba'),  # not its home
        ('estimator', 'from onnxruntime import InferenceSession'),  # not its home
        ('cli/main', 'from openpose_ros.somewhere import anything'),  # without a tier
    ],
)
def test_imports_that_do_not_point_down_are_found(here: str, source: str) -> None:
    assert len(complaints(here, source)) == 1

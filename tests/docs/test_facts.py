"""Lists that the pages repeat, because they explain them, are the code's."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re

from openpose_ros.models.manifest import REQUIRED
from openpose_ros.models.spec import InputSpec, ModelSpec, OutputSpec
from openpose_ros.ros.messages.images import ENCODINGS
from openpose_ros.ros.node.humans import BODIES
from openpose_ros.ros.node.transport import OUTPUTS
from openpose_ros.skeletons import available_skeletons
from openpose_ros.spatial.gestures import NAMES as GESTURES
from tests.docs.reading import ROOT, read, sections, spans


def first_cells(text: str) -> list[str]:
    """Return what stands in the first column of the tables, in code spans."""
    rows = [line for line in text.splitlines() if line.startswith('| `')]
    return [span for row in rows for span in spans(row.split(' | ')[0])]


def test_topics_of_the_node() -> None:
    rows = re.findall(r'^\| (in|out) \| `(\S+)`[^|]* \|', read('docs/ros2.md'), re.MULTILINE)
    outputs = {topic for direction, topic in rows if direction == 'out'}
    bodies = {f'{BODIES}/{name}' for name in ('tracked', 'ID/roi', 'ID/skeleton2d')}
    assert outputs == {'/diagnostics', '/tf', *bodies, *(f'~/{name}' for name in OUTPUTS)}
    inputs = {topic for direction, topic in rows if direction == 'in'}
    depth = {'depth_image', 'depth_image/compressedDepth', 'depth_camera_info'}
    assert inputs == {'image', 'image/compressed', 'camera_info', '/tf', *depth}


def test_gestures_are_named() -> None:
    text = sections(read('docs/ros2.md'))['What people do with their arms']
    assert first_cells(text) == list(GESTURES)
    assert all(
        name in (ROOT / 'msg/Gestures.msg').read_text(encoding='utf-8') for name in GESTURES
    )


def test_fields_of_a_manifest() -> None:
    told = set(first_cells(sections(read('docs/models.md'))['An ONNX file of your own']))
    known = {item.name for item in fields(ModelSpec)}
    known |= {f'input.{item.name}' for item in fields(InputSpec)}
    known |= {f'outputs.{item.name}' for item in fields(OutputSpec)}
    assert told <= known
    # What the package's own manifests say besides.
    others = {'path', 'file', 'sha256', 'size', 'origin', 'ap', 'input', 'outputs'}
    assert known - told == others
    assert set(REQUIRED) <= told


def test_skeletons_are_named() -> None:
    assert set(available_skeletons()) <= set(spans(read('docs/models.md')))


def test_encodings_are_named() -> None:
    text = read('docs/ros2.md')
    families = {re.sub(r'^(bayer)_.*|(?<=[a-z])(8|16)$', r'\1', name) for name in ENCODINGS}
    families -= {'yuv422', 'yuv422_yuy2'}  # older names of uyvy and yuyv
    assert {name for name in families if name not in text} == set()


def found(name: str) -> list[Path]:
    """Return the files or folders that a page for who knows the package may call so."""
    below = (ROOT, ROOT / 'openpose_ros', ROOT / 'openpose_ros/models')
    places = [folder / name for folder in below if (folder / name).exists()]
    return places if '/' in name or places else list((ROOT / 'openpose_ros').rglob(name))


def test_what_contributing_points_to_is_there() -> None:
    text = read('CONTRIBUTING.md')
    named = [span for span in spans(text) if re.fullmatch(r'[\w/]+/[\w./-]*', span)]
    assert len(named) > 10
    to_be_made = [name for name in named if not found(name)]
    assert [name for name in to_be_made if not re.search('NAME|FORMAT|arm|^build', name)] == []
    pointed = re.findall(r'`(\w+)`(?: and `(\w+)`)? in `([\w/.]+\.py)`', text)
    assert len(pointed) >= 5
    for *names, file in pointed:
        [path] = found(file)
        defined = path.read_text(encoding='utf-8')
        for name in filter(None, names):
            assert re.search(rf'^(class |def )?{name}\b', defined, re.MULTILINE), (name, file)

"""A real video of people who pass one by one: as many ids as people."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpose_ros import PoseEstimator
from openpose_ros.io import find_sources
from openpose_ros.people import People
from openpose_ros.tracking import Tracker

VIDEO = 'video/one-by-one-person-detection.mp4'
MODEL = 'models/human-pose-estimation-0001-int8-ir/human-pose-estimation-0001.xml'
PEOPLE = 6  # counted by eye; each stands at the table, and comes seconds after the last one left

Frames = list[tuple[float, People]]


@pytest.fixture
def frames(shared: Path) -> Frames:
    pytest.importorskip('openvino')
    if not (shared / VIDEO).exists():
        pytest.skip('needs the video of ../shared')
    (source,) = find_sources(str(shared / VIDEO))
    with PoseEstimator.from_model(
        shared / MODEL, backend='openvino', net_resolution=(456, 256)
    ) as estimator:
        return [(frame.stamp_s or 0.0, estimator(frame.image)) for frame in source.frames()]


def ids(frames: Frames) -> set[str]:
    tracker = Tracker()
    found = [tracker.update(people, stamp_s).people.ids for stamp_s, people in frames]
    return {name for names in found for name in names if name}


def without_every_tenth(frames: Frames) -> Frames:
    """Return the frames as a detector would have them that misses one of ten people."""
    count, kept = 0, []
    for stamp_s, people in frames:
        places = range(count + 1, count + 1 + len(people))
        count += len(people)
        rows = [row for row, place in enumerate(places) if place % 10]
        kept.append(
            (stamp_s, People(people.keypoints[rows], people.scores[rows], people.skeleton))
        )
    return kept


@pytest.mark.slow
def test_there_are_as_many_ids_as_people(frames: Frames) -> None:
    assert len(frames) == 1394
    cases = {
        'every frame': frames,
        'half the frame rate': frames[::2],
        'without every tenth': without_every_tenth(frames),
        'both': without_every_tenth(frames[::2]),
    }
    assert {name: len(ids(case)) for name, case in cases.items()} == dict.fromkeys(cases, PEOPLE)

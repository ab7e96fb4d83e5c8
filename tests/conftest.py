"""What tests of every folder use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import fcntl
from pathlib import Path
import random
import signal
import tempfile

import cv2
import numpy as np
import pytest

from openpose_ros.io.quiet import silence_opencv

SHARED = Path(__file__).parents[2] / 'shared'

# As the command line does: before the first video, or FFmpeg keeps its own level.
silence_opencv()


# Under nohup, or in the background of a script, a suite inherits signals as ignored, and so would
# each process of its tests, which shall hear them.
for number, action in (
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, action)


@pytest.fixture
def shared() -> Path:
    """Return the folder of real networks, pictures and videos; skip where there is none."""
    if not SHARED.is_dir():
        pytest.skip('needs the networks and pictures of ../shared')
    return SHARED


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give a test a ROS domain of its own, also beside other suites on the same machine."""
    numbers = list(range(1, 102))  # above, ports are those that the kernel gives to anybody
    random.SystemRandom().shuffle(numbers)
    for number in numbers:
        path = Path(tempfile.gettempdir()) / f'openpose_ros-test-domain-{number}'
        with path.open('w') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # another suite's
                continue
            monkeypatch.setenv('ROS_DOMAIN_ID', str(number))
            yield number
            return
    pytest.fail('every ROS domain is taken by another suite of tests')


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, domain: int) -> None:
    """Let this test's processes, and only they, meet over loopback."""
    for name in ('CYCLONEDDS_URI', 'ROS_DISTRO', 'ROS_LOCALHOST_ONLY', 'ROS_STATIC_PEERS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


@pytest.fixture
def make_picture(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a picture below tmp_path and returns its path."""

    def make(name: str = 'photo.png', size: tuple[int, int] = (64, 48)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = size
        ramp = np.linspace(0, 255, width, dtype=np.uint8)
        image = np.stack([np.tile(ramp, (height, 1))] * 3, axis=2)
        path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
        return path

    return make


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a video of noise below tmp_path and returns its path."""

    def make(name: str = 'walk.mp4', frames: int = 12, fps: float = 12.5) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), fps, (64, 48))
        assert writer.isOpened()
        for image in np.random.default_rng(0).integers(0, 255, (frames, 48, 64, 3), np.uint8):
            writer.write(image)
        writer.release()
        return path

    return make

from __future__ import annotations

from importlib.util import find_spec
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from openpose_ros.errors import FrameError
from openpose_ros.ros.messages.images import ENCODINGS, decode_image
from openpose_ros.ros.rclpy.images import _PIXEL_BYTES, open_decoder

WIDTH, HEIGHT = 32, 20
PLANES = {'nv12': 1.5, 'nv21': 1.5, 'nv24': 3}


def noise(encoding: str, padding: int = 0, is_bigendian: int = 0) -> SimpleNamespace:
    pixel = _PIXEL_BYTES.get(encoding, {**dict.fromkeys(PLANES, 1), '8UC1': 1}.get(encoding, 4))
    step = WIDTH * pixel + padding
    size = round(step * HEIGHT * PLANES.get(encoding, 1))
    data = np.random.default_rng(len(encoding)).integers(0, 256, size, np.uint8).tobytes()
    return SimpleNamespace(
        width=WIDTH,
        height=HEIGHT,
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=step,
        data=data,
    )


def test_without_cv_bridge_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    lines: list[tuple[str, str]] = []
    decode = open_decoder(lambda level, text: lines.append((level, text)))
    assert decode is decode_image
    [(level, text)] = lines
    assert level == 'info'
    assert text.startswith('cv_bridge cannot be used (')
    assert '\n' not in text


def test_pixels_are_counted_before_cv_bridge_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = SimpleNamespace(CvBridge=lambda: None, CvBridgeError=ValueError)
    monkeypatch.setitem(sys.modules, 'cv_bridge', bridge)
    decode, message = open_decoder(lambda *_: None), noise('bgr8')
    with pytest.raises(FrameError, match=f'but at most {WIDTH * HEIGHT - 1} are decoded'):
        decode(message, WIDTH * HEIGHT - 1)


@pytest.mark.skipif(find_spec('cv_bridge') is None, reason='needs cv_bridge, of ROS 2')
@pytest.mark.parametrize('padding', [0, 3, 24])
@pytest.mark.parametrize('is_bigendian', [0, 1])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_cv_bridge_and_our_converter_agree(encoding: str, padding: int, is_bigendian: int) -> None:
    lines: list[str] = []
    decode = open_decoder(lambda _, text: lines.append(text))
    assert lines == []
    message = noise(encoding, padding, is_bigendian)
    np.testing.assert_array_equal(decode(message, 10_000), decode_image(message))


@pytest.mark.skipif(find_spec('cv_bridge') is None, reason='needs cv_bridge, of ROS 2')
def test_what_cv_bridge_does_not_know_is_one_line() -> None:
    message = noise('bgr8')
    message.encoding = 'nonsense'
    with pytest.raises(FrameError, match="encoding is 'nonsense'"):
        open_decoder(lambda *_: None)(message, 10_000)

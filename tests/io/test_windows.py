"""Where no window can be had, one line says what is missing."""

from __future__ import annotations

import cv2
import pytest

from openpose_ros.errors import OutputError
from openpose_ros.io.windows import check_window


def test_check_window_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('DISPLAY', raising=False)
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    with pytest.raises(OutputError, match=r'no display .* DISPLAY .* --output'):
        check_window()


def test_check_window_with_a_display_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('DISPLAY', ':987')
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    headless = 'GUI:                           NONE' in cv2.getBuildInformation()
    says = 'built without windows, as opencv-python-headless' if headless else 'cannot open a win'
    with pytest.raises(OutputError, match=says) as caught:
        check_window()
    assert '\n' not in str(caught.value)

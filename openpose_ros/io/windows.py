"""A window that shows frames, where this machine can have one."""

from __future__ import annotations

from collections.abc import Callable
import os
import subprocess
import sys

import cv2

from openpose_ros.errors import OutputError
from openpose_ros.frames import FrameArray

_TITLE = 'openpose-ros (q ends)'
_END_KEYS = frozenset({ord('q'), ord('Q'), 27})  # 27 is Esc
# A closed window is invisible to Qt, and has lost its size to GTK.
_SIGNS_OF_LIFE = (cv2.WND_PROP_VISIBLE, cv2.WND_PROP_AUTOSIZE)
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.destroyAllWindows()"


def check_window() -> None:
    """
    See that a window can be opened.

    Raises
    ------
    OutputError
        If not; the message says whether the display or OpenCV's windows are missing.

    """
    if sys.platform.startswith('linux') and not (
        os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')
    ):
        raise OutputError(
            'no display to show on: neither DISPLAY nor WAYLAND_DISPLAY is set; run it on a '
            'desktop (or with ssh -X), or save with --output'
        )
    # In a process of its own: Qt aborts where its display does not answer.
    probe = subprocess.run([sys.executable, '-c', _PROBE], capture_output=True, text=True)
    if probe.returncode == 0:
        return
    if 'not implemented' in probe.stderr:
        raise OutputError(
            f'this OpenCV ({cv2.__version__}) was built without windows, as '
            'opencv-python-headless is: pip uninstall opencv-python-headless, then pip install '
            'opencv-python (it needs libGL), or save with --output'
        )
    lines = probe.stderr.strip().splitlines() or ['no reason given']
    reason = next((line for line in lines if 'display' in line), lines[-1])
    raise OutputError(f'OpenCV cannot open a window here: {reason}')


class Window:
    """The one window; call `check_window` before."""

    def __init__(self) -> None:
        self._open_state: tuple[float, ...] | None = None

    def show(
        self, image: FrameArray, *, wait: bool, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """
        Show a picture.

        Parameters
        ----------
        image : uint8 (H, W, 3)
            Blue, green, red.
        wait : bool
            Wait for a key: still pictures are to be looked at.
        stopped : callable
            Asked now and then, while it waits, whether to wait no longer.

        Returns
        -------
        bool
            Whether to go on: False after q, Esc, when the window was closed, or when stopped.

        """
        cv2.imshow(_TITLE, image)
        while True:
            key = cv2.waitKey(50 if wait else 1) & 0xFF
            if key in _END_KEYS or self._is_closed() or stopped():
                return False
            if not wait or key != 0xFF:
                return True

    def _is_closed(self) -> bool:
        """Compare with what the window said when it was new: GTK never calls it visible."""
        try:
            state = tuple(cv2.getWindowProperty(_TITLE, item) for item in _SIGNS_OF_LIFE)
        except cv2.error:  # Qt, when its last window is closed
            return True
        self._open_state = self._open_state or state
        return any(now < before for now, before in zip(state, self._open_state))

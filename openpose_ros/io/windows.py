"""A window that shows frames, where this machine can have one."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2

from openpose_ros.errors import OutputError
from openpose_ros.frames import FrameArray

_TITLE = 'openpose-ros (q ends)'
_END_KEYS = frozenset({ord('q'), ord('Q'), 27})  # 27 is Esc
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
    last = (probe.stderr.strip().splitlines() or ['no reason given'])[-1]
    raise OutputError(f'OpenCV cannot open a window here: {last}')


class Window:
    """The one window; call `check_window` before."""

    def show(self, image: FrameArray, *, wait: bool) -> bool:
        """
        Show a picture.

        Parameters
        ----------
        image : uint8 (H, W, 3)
            Blue, green, red.
        wait : bool
            Wait for a key: still pictures are to be looked at.

        Returns
        -------
        bool
            Whether to go on: False after q, Esc, or when the window was closed.

        """
        cv2.imshow(_TITLE, image)
        while True:
            key = cv2.waitKey(50 if wait else 1) & 0xFF
            if key in _END_KEYS or cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1:
                return False
            if not wait or key != 0xFF:
                return True

"""What is wrong with depth, cameras and frames: said once, and again after it was right."""

from __future__ import annotations

import re

from openpose_ros.ros.node.throttle import Warnings

_LASTS = 3  # images in a row
_MOST_CAUSES = 10  # of one kind
_NUMBER = re.compile(r'\d+(\.\d+)?')


class Faults:
    """
    Says each fault once while it lasts; from any thread.

    Parameters
    ----------
    warn : Warnings
        Takes the line. One that comes and goes is held back now and then, and said when it is
        due if it lasts.

    """

    def __init__(self, warn: Warnings) -> None:
        self._warn = warn
        self._seen: dict[str, dict[str, int]] = {}  # images, by kind and cause
        self._said: dict[str, set[str]] = {}

    def tell(self, kind: str, text: str, *, may_settle: bool = False, cause: str = '') -> None:
        """
        Say a line, unless this fault was said and its kind has not been right since.

        Parameters
        ----------
        kind : str
            What it is about.
        text : str
            The line.
        may_settle : bool
            Whether it is usual at the start, and worth a line only if it lasts.
        cause : str
            What is wrong: who mends one thing is told of the next. By default the text, but for
            its numbers, which may be measurements that differ all the time.

        """
        cause = cause or without_numbers(text)
        seen = self._seen.setdefault(kind, {})
        if cause not in seen and len(seen) >= _MOST_CAUSES:
            return
        seen[cause] = count = seen.get(cause, 0) + 1
        said = self._said.setdefault(kind, set())
        is_due = count >= (_LASTS if may_settle else 1) and cause not in said
        if is_due and self._warn(text, f'{kind}: {cause}'):
            said.add(cause)

    def fine(self, *kinds: str) -> None:
        """Note that these are right."""
        for kind in kinds:
            self._seen.pop(kind, None)
            self._said.pop(kind, None)


def without_numbers(text: str) -> str:
    """Return a text that is the same whatever was measured."""
    return _NUMBER.sub('#', text)

"""What is wrong with depth, cameras and frames: said once, and again after it was right."""

from __future__ import annotations

from openpose_ros.ros.node.throttle import Warnings

_LASTS = 3  # images in a row
_MOST_TEXTS = 10  # of one kind


class Faults:
    """
    Says each kind of fault once while it lasts; from any thread.

    Parameters
    ----------
    warn : Warnings
        Takes the line; one that comes and goes is held back now and then.

    """

    def __init__(self, warn: Warnings) -> None:
        self._warn = warn
        self._seen: dict[str, int] = {}
        self._said: dict[str, set[str]] = {}

    def tell(self, kind: str, text: str, *, may_settle: bool = False, anew: bool = False) -> None:
        """
        Say a line, unless this kind of fault was said and has not been right since.

        Parameters
        ----------
        kind : str
            What it is about.
        text : str
            The line.
        may_settle : bool
            Whether it is usual at the start, and worth a line only if it lasts.
        anew : bool
            Whether another text is another fault, of which nothing was said yet; not for texts
            with measurements, which differ all the time.

        """
        self._seen[kind] = seen = self._seen.get(kind, 0) + 1
        if anew:
            said = self._said.setdefault(kind, set())
            if text not in said and len(said) < _MOST_TEXTS:
                said.add(text)
                self._warn(text, text)
        elif seen == (_LASTS if may_settle else 1):
            self._warn(text, kind)

    def fine(self, *kinds: str) -> None:
        """Note that these are right."""
        for kind in kinds:
            self._seen.pop(kind, None)
            self._said.pop(kind, None)

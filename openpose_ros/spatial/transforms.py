"""
Transforms between frames, over the last seconds, as tf2 has them.

A transform says where a child frame is in its parent. Between two of one child's the position is
interpolated linearly and the rotation on the shortest arc (slerp); beyond them nothing is known.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
import threading

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import TransformError

Array = npt.NDArray[np.float64]

KEPT_S = 10.0  # as tf2 has it
AGAIN = 3  # stamps in a row that are older than what is remembered: time jumped back
TOO_OLD = (
    "the transform of '{}' is {:.1f} s older than one before, and left out: do two nodes publish "
    'it, with clocks that differ?'
)
TWO_PARENTS = (
    "the frame '{}' is in '{}' and in '{}' by turns, and only the last one holds: do two nodes "
    'publish it?'
)
_MOST_CHILDREN = 1000  # whose parents are remembered
UNHEARD = 20_000  # transforms of others, after which a frame is forgotten that has had none


@dataclass(frozen=True, eq=False)
class Transform:
    """
    From one frame's coordinates to another's.

    Attributes
    ----------
    translation : float64 (3,)
        Metres.
    rotation : float64 (4,)
        A unit quaternion x, y, z, w.

    """

    translation: Array
    rotation: Array

    @staticmethod
    def identity() -> Transform:
        """Return the transform that changes nothing."""
        return Transform(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    def apply(self, points: npt.ArrayLike) -> Array:
        """Return points (..., 3), metres, in the other frame; NaN stays NaN."""
        return self.turn(points) + self.translation

    def turn(self, vectors: npt.ArrayLike) -> Array:
        """Return directions (..., 3) in the other frame."""
        given = np.asarray(vectors, np.float64)
        axis, w = self.rotation[:3], self.rotation[3]
        twice = 2 * np.cross(axis, given)
        turned: Array = given + w * twice + np.cross(axis, twice)
        return turned

    def after(self, first: Transform) -> Transform:
        """Return the transform that does `first`, and then this."""
        return Transform(self.apply(first.translation), multiplied(self.rotation, first.rotation))

    def inverse(self) -> Transform:
        """Return the way back."""
        back = Transform(np.zeros(3), self.rotation * [-1, -1, -1, 1])
        return Transform(-back.turn(self.translation), back.rotation)


def multiplied(left: Array, right: Array) -> Array:
    """Return the quaternion that turns as `right`, and then as `left`."""
    a, b = left[:3], right[:3]
    w, v = left[3], right[3]
    return np.append(w * b + v * a + np.cross(a, b), w * v - a @ b)


def interpolated(before: Transform, after: Transform, part: float) -> Transform:
    """Return what lies between two transforms; `part` is 0 at the first, 1 at the second."""
    translation = before.translation + part * (after.translation - before.translation)
    one, other = before.rotation, after.rotation
    cosine = float(one @ other)
    if cosine < 0:  # the same rotation by the shorter way
        other, cosine = -other, -cosine
    angle = np.arccos(min(cosine, 1.0))
    if angle < 1e-6:
        rotation = one + part * (other - one)
    else:
        rotation = (np.sin((1 - part) * angle) * one + np.sin(part * angle) * other) / np.sin(
            angle
        )
    return Transform(translation, rotation / np.linalg.norm(rotation))


@dataclass(eq=False)
class _Frame:
    """A child: its parent, and where it was when."""

    parent: str
    static: Transform | None
    stamps_ns: list[int]
    transforms: dict[int, Transform]
    heard: int = 0  # which number its last transform had
    late: int = 0  # how many in a row were too old


def checked(parent: str, child: str, transform: Transform) -> Transform:
    """
    Return a transform with a normalised rotation, if it is one.

    Raises
    ------
    TransformError
        If it holds NaN or infinity, a rotation of length 0, or a frame in itself.

    """
    length = float(np.linalg.norm(transform.rotation))
    if not (np.isfinite(transform.translation).all() and np.isfinite(length) and length > 0):
        raise TransformError(
            f"the transform from '{child}' to '{parent}' is none: translation "
            f'{transform.translation}, rotation {transform.rotation}'
        )
    if not parent or not child or parent == child:
        raise TransformError(f"a transform from '{child}' to '{parent}' is of no two frames")
    return Transform(
        np.asarray(transform.translation, np.float64),
        np.asarray(transform.rotation, np.float64) / length,
    )


class Parents:
    """Tells of frames that are in one and in another by turns. Not for several threads."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, str]] = {}  # the parent, and the one before

    def oddity(self, parent: str, child: str) -> str:
        """Note where a frame is; return a line if it is back where it was before the last."""
        last, before = self._of.setdefault(child, (parent, ''))
        if len(self._of) > _MOST_CHILDREN:  # of people who left, say
            del self._of[next(iter(self._of))]
        if parent == last:
            return ''
        self._of[child] = parent, last
        both = sorted((parent, last))
        return TWO_PARENTS.format(child, *both) if parent == before else ''


class TransformBuffer:
    """
    What /tf and /tf_static said of late. Every method may be called from any thread.

    A frame whose stamps jump back further than is remembered, and stay there, starts anew, as
    where a bag starts over, or once a clock is right: what came before would keep out all that
    comes. A frame of which nothing comes any more, as those of people who left, is forgotten after
    a while.

    Parameters
    ----------
    seconds : float
        How far back it remembers, before a frame's newest transform.

    """

    def __init__(self, seconds: float = KEPT_S) -> None:
        self._kept_ns = round(seconds * 1e9)
        self._frames: dict[str, _Frame] = {}
        self._heard = 0  # transforms that move
        self._parents = Parents()
        self._lock = threading.Lock()

    def add(
        self, parent: str, child: str, transform: Transform, stamp_ns: int, *, static: bool = False
    ) -> str:
        """
        Note where a frame was.

        Parameters
        ----------
        parent, child : str
            Names of frames; a leading / is left out.
        transform : Transform
            From the child's coordinates to the parent's. Its rotation is normalised.
        stamp_ns : int
            When, nanoseconds.
        static : bool
            It holds at all times.

        Returns
        -------
        str
            In one line why others who publish transforms are likely wrong, or ''.

        Raises
        ------
        TransformError
            If it holds NaN or infinity, a rotation of length 0, or a frame in itself.

        """
        parent, child = parent.lstrip('/'), child.lstrip('/')
        transform = checked(parent, child, transform)
        with self._lock:
            odd = self._parents.oddity(parent, child)
            frame = self._frames.get(child)
            if frame is None or frame.parent != parent or static or frame.static is not None:
                frame = self._frames[child] = _Frame(parent, None, [], {})
            if static:
                frame.static = transform
                return odd
            if frame.stamps_ns and stamp_ns < frame.stamps_ns[-1] - self._kept_ns:
                frame.late += 1
                if frame.late < AGAIN:  # one alone, or of two who disagree, changes nothing
                    return TOO_OLD.format(child, (frame.stamps_ns[-1] - stamp_ns) / 1e9)
                frame = self._frames[child] = _Frame(parent, None, [], {})
            frame.late = 0
            self._heard += 1
            frame.heard = self._heard
            if self._heard % UNHEARD == 0:
                self._forget_unheard()
            if stamp_ns not in frame.transforms:
                insort(frame.stamps_ns, stamp_ns)
            frame.transforms[stamp_ns] = transform
            oldest = frame.stamps_ns[-1] - self._kept_ns
            while frame.stamps_ns[0] < oldest:
                del frame.transforms[frame.stamps_ns.pop(0)]
            return odd

    def clear(self) -> None:
        """Forget what is not static: time jumped back."""
        with self._lock:
            self._frames = {
                name: frame for name, frame in self._frames.items() if frame.static is not None
            }

    def _forget_unheard(self) -> None:
        last = self._heard - UNHEARD
        self._frames = {
            name: frame
            for name, frame in self._frames.items()
            if frame.static is not None or frame.heard > last
        }

    def lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        """
        Return the transform from one frame's coordinates to another's, at a time.

        Parameters
        ----------
        target, source : str
            To which and from which; a leading / is left out.
        stamp_ns : int
            When, nanoseconds.

        Raises
        ------
        TransformError
            If the frames are not connected, or nothing is known of that time.

        """
        target, source = target.lstrip('/'), source.lstrip('/')
        with self._lock:
            from_source, from_target = self._chain(source), self._chain(target)
            # Where the frames form a circle, the way up from the source is taken, as tf2 does.
            ends = [target] if target in from_source else from_target
            common = next((name for name in from_source if name in ends), None)
            if common is None:
                raise TransformError(
                    f"no transform joins '{source}' to '{target}'; {self._why(source, target)}"
                )
            up = self._composed(from_source, common, stamp_ns)
            down = self._composed(from_target, common, stamp_ns)
        return down.inverse().after(up)

    def _chain(self, name: str) -> list[str]:
        """Return a frame and those above it, up to the root, or to where a circle closes."""
        chain = {name: None}
        while name in self._frames:
            name = self._frames[name].parent
            if name in chain:
                break
            chain[name] = None
        return list(chain)

    def _why(self, *names: str) -> str:
        """Return why frames are not connected."""
        for name in names:
            if not (name in self._frames or any(f.parent == name for f in self._frames.values())):
                return f"nothing was heard of '{name}'"
        for name in names:
            if self._chain(name)[-1] in self._frames:
                return f"the frames above '{name}' form a circle"
        return 'they are of two trees'

    def _composed(self, chain: list[str], end: str, stamp_ns: int) -> Transform:
        whole = Transform.identity()
        for name in chain[: chain.index(end)]:
            whole = self._at(name, stamp_ns).after(whole)
        return whole

    def _at(self, name: str, stamp_ns: int) -> Transform:
        """Return where a frame was in its parent."""
        frame = self._frames[name]
        if frame.static is not None:
            return frame.static
        stamps = frame.stamps_ns
        if not stamps[0] <= stamp_ns <= stamps[-1]:
            far = (stamps[0] - stamp_ns if stamp_ns < stamps[0] else stamp_ns - stamps[-1]) / 1e9
            when = 'before the first' if stamp_ns < stamps[0] else 'after the last'
            raise TransformError(
                f"the transform from '{name}' to '{frame.parent}' is not known {far:.3f} s {when} "
                'that was heard'
            )
        at = bisect_left(stamps, stamp_ns)
        after = frame.transforms[stamps[at]]
        if stamps[at] == stamp_ns:
            return after
        span = stamps[at] - stamps[at - 1]
        return interpolated(
            frame.transforms[stamps[at - 1]], after, (stamp_ns - stamps[at - 1]) / span
        )

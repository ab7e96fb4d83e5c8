"""What an archive consists of: the files and folders that have a result each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VIDEO, PICTURE, PICTURES, BAG = 'video', 'picture', 'pictures', 'bag'


@dataclass(frozen=True)
class Item:
    """
    What has one result.

    Attributes
    ----------
    name : str
        What the user calls it, and what its results and messages say.
    path : str
        The same from everywhere: absolute, or an address with ://.
    kind : str
        VIDEO, PICTURE, PICTURES for those of one folder, or BAG, a file or a folder.
    result : str
        The file of its result, of a bag the folder, below the folder of the results.
    stamp : mapping
        What changes when it does, ready for JSON: `size`, bytes, and `mtime_ns` or `etag`.
    files : tuple of str
        Of PICTURES and of a BAG that is a folder: the names in it, in natural order.

    """

    name: str
    path: str
    kind: str
    result: str
    stamp: Mapping[str, int | str] = field(hash=False)
    files: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.stamp['size'])

    @property
    def marker(self) -> str:
        """The file that says that the result is whole, below the folder of the results."""
        return f'{self.result}.done.json'

    @property
    def partial(self) -> str:
        """The file of what was found before something failed."""
        return f'{self.result}.partial'

    @property
    def ranges(self) -> str:
        """The folder of what was found in ranges of it."""
        return f'{self.result}.ranges'


@dataclass(frozen=True)
class Range:
    """
    Frames of a video, pictures of a folder; of a bag milliseconds of its log.

    Attributes
    ----------
    start : int
        The first one, counted from 0 as they are decoded.
    stop : int or None
        The first one that is none of them; None for all that follow.

    """

    start: int
    stop: int | None

    def has(self, index: int) -> bool:
        """Tell whether it is one of them."""
        return self.start <= index and (self.stop is None or index < self.stop)

    @property
    def file(self) -> str:
        """What it is stored as, in `Item.ranges`; another partition has other names."""
        return f'{self.start:09}-{"end" if self.stop is None else f"{self.stop:09}"}.npz'


@dataclass(frozen=True)
class Task:
    """
    What one worker does at a time.

    Attributes
    ----------
    item : Item
    range : Range or None
        Look at these frames only, and store what is found.
    joined : tuple of Range
        Join what is stored of these, all of the video, to its result.
    whole : bool
        Look at all of it, however long it is. Without any of these three a long video comes back
        as ranges.

    """

    item: Item
    range: Range | None = None
    joined: tuple[Range, ...] = ()
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What became of a task.

    Attributes
    ----------
    frames, people, overflow : int
        That were looked at; who was found: in a video everybody who got an id, in pictures all;
        candidates that found no room.
    seconds : float
        The work took.
    failure : str
        A line that says what is not there; '' if all is.
    fatal : bool
        Whether the failure is that of every item: a full disk, a network that does not load.
    notes : tuple of str
        Lines about what is odd.
    ranges : tuple of Range
        Into which the video is divided: nothing is done yet.
    inexact : bool
        The ranges do not fit together, as this video cannot be entered at a given frame.
    stored : bool
        It was done already, by an earlier run.

    """

    frames: int = 0
    people: int = 0
    overflow: int = 0
    seconds: float = 0.0
    failure: str = ''
    fatal: bool = False
    notes: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    inexact: bool = False
    stored: bool = False

"""What the page needs of the program that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from openpose_ros.frames import FrameArray
from openpose_ros.models import ModelSpec

ACTIONS = ('go', 'pause', 'play', 'seek', 'step')


class Host(Protocol):
    """
    What is shown: `estimate`, or a node.

    Every method may be called from any thread; all but `set_parameters` and `act` return at once.

    Attributes
    ----------
    mode : str
        'desk': files to walk through; 'run': files that are worked on, whose results are written;
        'node'.
    max_pixels : int
        Pictures of more are refused.

    """

    mode: str

    @property
    def max_pixels(self) -> int: ...

    def spec(self) -> ModelSpec | None:
        """Return the network that runs; None while it is not loaded."""
        ...

    def params(self) -> Any:
        """Return the parameters that hold now, an object that has all of the decoder's."""
        ...

    def status(self) -> dict[str, Any]:
        """
        Return where it stands, ready for JSON.

        `can`: those of ACTIONS that it takes now, and 'upload'; `line`: one line for the user, or
        ''; of 'desk' and 'run' also `paused`, `place` and `places` (which source of how many),
        `name`, `index`, `total` and `fps` of a video, None where they are not known.
        """
        ...

    def command(self, changed: Mapping[str, Any]) -> list[str]:
        """Return the words of a command line that has these parameters."""
        ...

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """
        Change parameters of the decoder: all of them, or if one is refused none.

        Raises
        ------
        OpenPoseError
            With one line.

        """
        ...

    def act(self, action: str, value: int) -> None:
        """
        Do one of ACTIONS.

        Parameters
        ----------
        action : str
            'go': to the source of that number; 'seek': to the frame of that number; 'step': so
            many frames on, or back; 'pause', 'play': without a value.
        value : int
            What that says.

        Raises
        ------
        OpenPoseError
            If it cannot now.

        """
        ...

    def take_picture(self, picture: FrameArray, name: str) -> None:
        """
        Show a picture that a viewer brought.

        Raises
        ------
        OpenPoseError
            If it takes none.

        """
        ...

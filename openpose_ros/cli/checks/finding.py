"""One line of a diagnosis."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """
    What was found about one thing.

    Attributes
    ----------
    name : str
        Of the thing: 'NumPy'.
    state : str
        'ok'; 'warning': it works, but something about it will hurt; 'missing': not here, and
        nothing that is here needs it; 'broken': it does not work.
    found : str
        Versions and places, or the reason, in one line.
    fix : str
        The one command that would mend it; '' where nothing is to be mended, or no command can.

    """

    name: str
    state: str
    found: str
    fix: str = ''

"""Where a user's own files are, also where HOME is set to nothing."""

from __future__ import annotations

import os
from os.path import expanduser


def forget_empty_home() -> None:
    """
    Take a HOME that is set to nothing for one that is not set, for all that runs in this process.

    Programs started by init systems and containers have such. Python, Numba and others then put
    `~/.cache` into the root folder; without it they ask who the user is.
    """
    if os.environ.get('HOME') == '':
        del os.environ['HOME']


def expand_user(path: str | os.PathLike[str]) -> str:
    """Return a path with `~` replaced by the user's folder; HOME may be set to nothing."""
    text = os.fspath(path)
    if not text.startswith('~') or os.environ.get('HOME') != '':
        return expanduser(text)
    import pwd  # not where there is no such thing as a uid

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return text
    return home + text[1:] if text == '~' or text.startswith('~/') else expanduser(text)

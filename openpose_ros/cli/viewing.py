"""Flags of the page in the browser, and how a user comes to it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape
from importlib.util import find_spec
import os
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING

from openpose_ros.cli.parameters import whole_number
from openpose_ros.cli.results import file_path
from openpose_ros.errors import LibraryError
from openpose_ros.view.addresses import DEFAULT
from openpose_ros.view.options import MAX_CLIENTS, view_options
from openpose_ros.view.tokens import VARIABLE

if TYPE_CHECKING:
    from openpose_ros.view.options import ViewOptions
    from openpose_ros.view.server import ViewServer


def add_view(group: argparse._ActionsContainer) -> None:
    """Give a parser what `estimate` and `view` are told of the page."""
    group.add_argument(
        '--view',
        action='store_true',
        help='show frames and people on a page in the browser, with every threshold to turn; '
        'Ctrl-C ends',
    )
    group.add_argument(
        '--view-address',
        default=DEFAULT,
        metavar='HOST:PORT',
        help='where the page is served (default %(default)s: for this machine alone)',
    )
    group.add_argument('--open', action='store_true', help='open the page in the browser')
    add_protection(group)


def add_protection(group: argparse._ActionsContainer) -> None:
    """Give a parser what every page is told of who may see it."""
    group.add_argument(
        '--view-token-file',
        type=file_path,
        metavar='FILE',
        help=f'take the token that opens the page from a file (default: {VARIABLE}, else a random '
        'one, which the printed address has)',
    )
    group.add_argument(
        '--view-allow-host',
        action='append',
        default=[],
        metavar='NAME',
        help='a name by which browsers may reach the page besides its address; may be given '
        'several times',
    )
    group.add_argument(
        '--view-max-clients',
        type=whole_number,
        default=MAX_CLIENTS,
        metavar='N',
        help='let at most so many browsers in (default %(default)s)',
    )


def shown_in_vain(args: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each flag of a page that was given, where there will be none."""
    given = {
        '--view-address': args.view_address != DEFAULT,
        '--open': args.open,
        '--view-token-file': args.view_token_file is not None,
        '--view-allow-host': bool(args.view_allow_host),
        '--view-max-clients': args.view_max_clients != MAX_CLIENTS,
    }
    for flag in filter(given.get, given):
        yield f'{flag} has no effect without --view'


def options_of(args: argparse.Namespace, address: str) -> ViewOptions:
    """
    Return what the flags say of the page.

    Raises
    ------
    ParameterError
        If one is wrong.
    LibraryError
        If the page cannot be served here.

    """
    if find_spec('aiohttp') is None:
        raise LibraryError('the page in the browser', 'aiohttp', 'pip install aiohttp')
    return view_options(
        address,
        token_file=args.view_token_file,
        allowed_hosts=args.view_allow_host,
        max_clients=args.view_max_clients,
    )


def open_browser(server: ViewServer, say: Callable[[str], object]) -> Path | None:
    """
    Open the page in the user's browser.

    The address goes there in a file that only the user can read: every program sees the arguments
    of others, and the token is no argument.

    Returns
    -------
    Path or None
        That file, to be deleted in the end.

    """
    import webbrowser

    address = escape(f'{server.address.origin}/{server.options.token.fragment}', quote=True)
    handle, name = tempfile.mkstemp(prefix='openpose-ros-', suffix='.html')
    with os.fdopen(handle, 'w') as file:
        file.write(
            f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">'
            f'<a href="{address}">openpose_ros</a>'
        )
    opened = False
    with suppress(webbrowser.Error, OSError):
        opened = webbrowser.open(Path(name).as_uri())
    if not opened:
        say('no browser could be opened; open the address yourself')
    return Path(name)

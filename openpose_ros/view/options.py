"""How the page is served: what flags, the environment and the node's parameter say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from openpose_ros.errors import ParameterError
from openpose_ros.view.addresses import Address, parse_address, warning_of
from openpose_ros.view.tokens import VARIABLE, Token, find_token

MAX_CLIENTS = 8
_MOST_CLIENTS = 32


@dataclass(frozen=True, kw_only=True)
class ViewOptions:
    """
    How the page is served.

    Attributes
    ----------
    address : Address
        Where.
    token : Token
        What viewers must know.
    allowed_hosts : tuple of str
        Names, besides those of loopback and the address itself, by which a browser may reach it.
    max_clients : int
        So many viewers at once.

    """

    address: Address
    token: Token = field(repr=False)
    allowed_hosts: tuple[str, ...] = ()
    max_clients: int = MAX_CLIENTS


def view_options(
    address: str,
    *,
    token_file: Path | None = None,
    allowed_hosts: Iterable[str] = (),
    max_clients: int = MAX_CLIENTS,
) -> ViewOptions:
    """
    Return the options of texts.

    Raises
    ------
    ParameterError
        If one is wrong.

    """
    hosts = tuple(host.lower().removesuffix('.') for host in allowed_hosts)
    for host in hosts:
        if not host or any(letter in host for letter in ':/@ '):
            raise ParameterError(
                f"--view-allow-host is '{host}', but must be the name or IPv4 address by which "
                'the browser reaches this machine, without http:// and port'
            )
    if not 1 <= max_clients <= _MOST_CLIENTS:
        raise ParameterError(
            f'--view-max-clients is {max_clients}, but must be from 1 to {_MOST_CLIENTS}'
        )
    return ViewOptions(
        address=parse_address(address),
        token=find_token(token_file),
        allowed_hosts=hosts,
        max_clients=max_clients,
    )


def announcement(address: Address, token: Token) -> list[str]:
    """Return the lines that tell the user where the page is, once `address` is bound."""
    where = f'view: {address.origin}/{token.fragment}'
    if token.own:
        where += f' (it asks for your own token, of {VARIABLE} or --view-token-file)'
    return [where, *filter(None, [warning_of(address)])]

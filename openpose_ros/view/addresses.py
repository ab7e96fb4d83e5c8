"""Where the page is served: a host and a port."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple

from openpose_ros.errors import ParameterError

DEFAULT = '127.0.0.1:8088'


class Address(NamedTuple):
    """
    Where to listen.

    Attributes
    ----------
    host : str
        An IP address without brackets, or the name of this machine.
    port : int
        0 for one that is free.

    """

    host: str
    port: int

    def __str__(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'{host}:{self.port}'

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        if self.host == 'localhost':
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_any(self) -> bool:
        """Whether it stands for every address of this machine."""
        try:
            return ip_address(self.host).is_unspecified
        except ValueError:
            return False

    @property
    def origin(self) -> str:
        """What a browser puts before the path."""
        return f'http://{self}'


def parse_address(text: str) -> Address:
    """
    Return the address that a text names.

    Parameters
    ----------
    text : str
        HOST:PORT, [HOST]:PORT for IPv6, or a port of 127.0.0.1.

    Raises
    ------
    ParameterError
        If it is none.

    """
    host, colon, port = text.rpartition(':')
    if not colon:
        host = DEFAULT.rpartition(':')[0]
    bare = host.removeprefix('[').removesuffix(']')
    bracketed = host.startswith('[') and host.endswith(']')
    right = port.isascii() and port.isdecimal() and int(port) < 1 << 16
    if not right or not bare or (':' in bare) != bracketed or any(map(str.isspace, bare)):
        raise ParameterError(
            f"view is '{text}', but must be HOST:PORT: {DEFAULT}, [::1]:8088, or 0.0.0.0:8088 for "
            'every address of this machine'
        )
    return Address(bare, int(port))


def warning_of(address: Address) -> str:
    """Return the line about an address that others can reach; '' for loopback."""
    if address.is_loopback:
        return ''
    return (
        f'the page on {address} is plain HTTP, which is not encrypted: whoever reads along sees '
        f'the pictures and the token; better serve it on {DEFAULT} and reach it from elsewhere '
        f'by ssh -L {address.port}:127.0.0.1:{address.port} USER@THIS_MACHINE'
    )

"""Why nothing comes from an address: OpenCV says only that it did not open."""

from __future__ import annotations

import socket
from urllib.parse import SplitResult, urlsplit

_PORTS = {'rtsp': 554, 'rtsps': 322, 'http': 80, 'https': 443, 'rtmp': 1935, 'rtmps': 443}
_PATIENCE_S = 5.0
_MOST_BYTES = 512
_DONE = range(200, 300)  # of the status that a server answers with


def is_remote(name: str) -> bool:
    """Tell whether a name is an address on a network."""
    return '://' in name and not name.startswith('file:')


def why_silent(name: str) -> str:
    """
    Say why an address cannot be opened, by asking its server what it says.

    Parameters
    ----------
    name : str
        With ://.

    Returns
    -------
    str
        What was found and what to do, as the end of a sentence that began with the address; '' if
        its server answers as it should, or there is none to ask.

    """
    try:
        address = urlsplit(name)
        host, port = address.hostname, address.port or _PORTS.get(address.scheme.lower())
    except ValueError as exc:  # a port that is no number, half of an IPv6 address
        return f'is no address: {exc}'
    if not host or port is None:
        return ''
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE_S) as connection:
            return _asked(connection, address)
    except socket.gaierror as exc:
        return f"names the host '{host}', which is unknown here ({exc.strerror}); check its name"
    except UnicodeError:
        return f"names the host '{host}', which is no name of a host"
    except ConnectionRefusedError:
        return (
            f'is refused: nothing listens on port {port} of {host}; is the server running, and is '
            'this its port?'
        )
    except TimeoutError:
        return f'does not answer: no connection to port {port} of {host} in {_PATIENCE_S:g} s'
    except OSError as exc:
        return f'cannot be reached: port {port} of {host}: {exc.strerror or exc}'


def _asked(connection: socket.socket, address: SplitResult) -> str:
    """Ask for what is behind an address, and say what is wrong with the answer."""
    scheme = address.scheme.lower()
    if scheme not in ('rtsp', 'http'):  # another language, or one that is encrypted
        return ''
    if scheme == 'rtsp':
        bare = address._replace(netloc=address.netloc.rpartition('@')[2]).geturl()
        request = f'DESCRIBE {bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n'
    else:
        path = f'{address.path or "/"}{"?" if address.query else ""}{address.query}'
        request = f'GET {path} HTTP/1.0\r\nHost: {address.hostname}\r\n\r\n'
    try:
        connection.sendall(request.encode(errors='replace'))
        answer = connection.recv(_MOST_BYTES)
    except TimeoutError:
        return (
            f'is silent: its server takes the connection and says nothing for {_PATIENCE_S:g} s; '
            'is it the server of a camera?'
        )
    line = answer.split(b'\r\n')[0].decode(errors='replace').strip()
    if not line:
        return 'is silent: its server ends the connection without a word'
    _, _, status = line.partition(' ')
    number = status[:3]
    if not number.isdecimal():
        return f'speaks no {scheme.upper()}: its server answers {line[:60]!r}'
    if int(number) in _DONE:
        return ''
    advice = (
        f'put the user and the password into the address, {scheme}://USER:PASSWORD@… say'
        if int(number) == 401
        else 'check what follows the host'
    )
    return f"is not delivered: its server answers '{status}'; {advice}"

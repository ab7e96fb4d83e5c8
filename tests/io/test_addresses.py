"""Why nothing comes from an address, asked of real servers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import re
import socket
import threading

import pytest

from openpose_ros.io import addresses
from openpose_ros.io.addresses import is_remote, why_silent


@contextmanager
def server(answer: bytes | None, heard: list[bytes]) -> Iterator[int]:
    """Run a server that answers each request so, or not at all; yield its port."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        held = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                heard.append(connection.recv(1000))
                if answer is not None:
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


ANSWERS = [  # scheme, what the server says, what we say of it
    (
        'rtsp',
        b'RTSP/1.0 404 Stream Not Found\r\n\r\n',
        "answers '404 Stream Not Found'; check what",
    ),
    ('rtsp', b'RTSP/1.0 401 Unauthorized\r\n\r\n', r'401 Unauthorized.*rtsp://USER:PASSWORD@'),
    ('rtsp', b'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n', '^$'),
    ('http', b'HTTP/1.0 503 Service Unavailable\r\n\r\n', "answers '503 Service Unavailable'"),
    ('http', b'HTTP/1.1 200 OK\r\n\r\n', '^$'),
    ('rtsp', b'SSH-2.0-OpenSSH_9.2\r\n', 'speaks no RTSP: its server answers .SSH-2.0'),
    ('http', b'', 'ends the connection without a word'),
    ('http', None, r'is silent: its server takes the connection and says nothing for 0\.3 s'),
    ('rtsp', None, r'is silent: its server takes the connection and says nothing'),
    ('rtmp', None, '^$'),  # another language
]


@pytest.mark.parametrize(('scheme', 'answer', 'says'), ANSWERS)
def test_server_is_asked(
    scheme: str, answer: bytes | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, '_PATIENCE_S', 0.3)
    heard: list[bytes] = []
    with server(answer, heard) as port:
        said = why_silent(f'{scheme}://me:secret@127.0.0.1:{port}/live?x=1')
    assert re.search(says, said), said
    assert '\n' not in said
    if scheme == 'rtsp':
        (request,) = heard
        assert request.startswith(f'DESCRIBE rtsp://127.0.0.1:{port}/live?x=1 RTSP/1.0'.encode())
    if scheme == 'http':
        assert heard[0].startswith(b'GET /live?x=1 HTTP/1.0\r\n')


def test_nobody_listens() -> None:
    with socket.create_server(('127.0.0.1', 0)) as closed:
        port = closed.getsockname()[1]
    assert why_silent(f'rtsp://127.0.0.1:{port}/live').startswith(
        f'is refused: nothing listens on port {port} of 127.0.0.1'
    )


@pytest.mark.parametrize(
    ('name', 'says'),
    [
        ('rtsp://no.such.host.invalid/live', "the host 'no.such.host.invalid', which is unknown"),
        ('rtsp://127.0.0.1:99999/live', 'is no address: Port out of range'),
        ('http://[::1/live', 'is no address: Invalid IPv6 URL'),
        (f'rtsp://{"x" * 300}/live', 'names the host'),
    ],
)
def test_address_leads_nowhere(name: str, says: str) -> None:
    assert says in why_silent(name)


@pytest.mark.parametrize('name', ['udp://239.0.0.1', 'rtp://@:5004', 'file:///tmp/walk.mp4'])
def test_nobody_can_be_asked(name: str) -> None:
    assert why_silent(name) == ''


def test_files_are_not_remote() -> None:
    assert is_remote('rtsp://robot/live')
    assert not is_remote('file:///tmp/walk.mp4')
    assert not is_remote('/tmp/walk.mp4')

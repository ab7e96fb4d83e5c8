"""Who is let in: each sentence of docs/view.md's section on security, over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
from pathlib import Path
import socket

import aiohttp
import cv2
import numpy as np
import pytest

from openpose_ros.view import connections, door, tokens, uploads
from openpose_ros.view.addresses import Address
from openpose_ros.view.messages import Pace
from openpose_ros.view.static import pages
from tests.view.serving import PATIENCE_S, TOKEN, Served, connected, desk

HEADERS = {
    'Content-Security-Policy': "default-src 'self'; img-src 'self' blob:; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}


@pytest.fixture
def page(make_picture: Callable[..., Path]) -> Iterator[Served]:
    with desk([make_picture()]) as served:
        yield served


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode('.jpg', np.full((height, width, 3), 99, np.uint8))[1].tobytes()


def test_every_answer_has_the_headers(page: Served) -> None:
    answers = [
        *(page.request(path=path) for path in pages()),
        page.request(path='/nothing'),
        page.request('DELETE', Origin=page.origin),
        page.request(Host='evil.example'),
        page.request('POST', '/picture', b'x', Origin=page.origin),
        page.request(path='/ws', Origin=page.origin),
    ]
    assert {answer.status for answer in answers} == {200, 400, 401, 403, 404, 405}
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    'path',
    [
        '/server.py',
        '/../server.py',
        '/page/../server.py',
        '/%2e%2e/server.py',
        '/..%2fserver.py',
        '//main.js',
        '/main.js/',
        '/main.js?token=x',
        '/./main.js',
        '/MAIN.JS',
        '/etc/passwd',
        '/page/index.html',
        '/index.html',
        '/%00',
        '/picture',
    ],
)
def test_only_the_paths_of_the_page_are_served(page: Served, path: str) -> None:
    assert page.request(path=path).status == 404


@pytest.mark.parametrize(
    ('host', 'status'),
    [
        ('127.0.0.1', 200),
        ('127.0.0.1:{port}', 200),
        ('localhost:{port}', 200),
        ('LOCALHOST:{port}', 200),
        ('[::1]:{port}', 200),
        ('localhost:9999', 200),  # the other end of ssh -L
        ('robot.local:{port}', 200),  # by --view-allow-host
        ('evil.example', 403),
        ('evil.example:{port}', 403),
        ('127.0.0.1.evil.example', 403),
        ('localhost.evil.example:{port}', 403),
        ('127.0.0.1@evil.example', 403),
        ('evil.example#127.0.0.1', 403),
        ('evil.example/127.0.0.1', 403),
        ('127.0.0.2', 403),
        ('0.0.0.0:{port}', 403),
        ('[::1', 403),
        ('localhost:port', 403),
        ('', 403),
    ],
)
def test_host_must_be_ours(make_picture: Callable[..., Path], host: str, status: int) -> None:
    from openpose_ros.view.desk import Desk  # one server for the table would do; this one is bare
    from tests.view.serving import serve

    bare = Desk.__new__(Desk)  # GET of a page asks the host nothing
    with serve(bare, allowed_hosts=('robot.local',)) as served:
        assert served.request(Host=host.format(port=served.port)).status == status


def test_bound_to_everything_the_number_that_was_connected_to_is_ours() -> None:
    from openpose_ros.view.desk import Desk
    from tests.view.serving import serve

    with serve(Desk.__new__(Desk), address=Address('0.0.0.0', 0)) as served:
        assert served.request(Host=f'127.0.0.1:{served.port}').status == 200
        assert served.request(Host='evil.example').status == 403
        assert served.request(Host='192.0.2.1').status == 403


@pytest.mark.parametrize(
    'origin',
    [
        None,
        'null',
        'http://evil.example',
        'https://127.0.0.1:{port}',
        'http://127.0.0.1',
        'http://localhost:{port}',  # not the Host of this request
        'http://127.0.0.1:{port}/',
        'HTTP://127.0.0.1:{port}',
        'file://',
        '',
    ],
)
def test_origin_must_be_the_page_itself(page: Served, origin: str | None) -> None:
    named = {} if origin is None else {'Origin': origin.format(port=page.port)}
    token = {'Authorization': f'Bearer {TOKEN}'}
    for method in ('POST', 'PUT', 'OPTIONS', 'HEAD', 'PATCH'):
        assert page.request(method, '/picture', b'', **named, **token).status == 403, method
    upgrade = {
        'Upgrade': 'websocket',
        'Connection': 'Upgrade',
        'Sec_WebSocket_Version': '13',
        'Sec_WebSocket_Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    }
    assert page.request(path='/ws', **upgrade, **named).status == 403
    assert page.request(path='/ws', **upgrade, Origin=page.origin).status == 101


def test_nothing_is_seen_before_the_token(page: Served) -> None:
    with page.viewer() as there:
        there.wait('frame')
        with connected(page, None) as stranger:
            stranger.send(layers={'heatmap': 0, 'paf': 0, 'peaks': True, 'refused': True})
            assert stranger.receive()['code'] == door.WRONG_TOKEN
            assert len(stranger.facts) == 1


@pytest.mark.parametrize('token', ['', 'wrong', TOKEN[:-1], TOKEN + 'x', f'{TOKEN}\n'])
def test_a_wrong_token_opens_nothing(page: Served, token: str) -> None:
    with connected(page, token) as stranger:
        assert stranger.receive()['code'] == door.WRONG_TOKEN
    if '\n' not in token:
        assert page.bring(jpeg(), token).status == 401
    assert page.request(path=f'/?token={TOKEN}').status == 404  # never in a query


@pytest.mark.parametrize('message', ['"', '{"token": 1}', '[' * 1000])
def test_what_is_no_token_opens_nothing(page: Served, message: str) -> None:
    with connected(page, None) as stranger:
        stranger.send_text(message)
        assert stranger.receive()['code'] == door.WRONG_TOKEN


def test_ten_wrong_tokens_close_the_door_to_right_ones_too(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, '_MINUTE_S', 3600.0)  # however slow this machine is
    with page.viewer() as inside:
        for number in range(10):
            if number % 2:
                assert page.bring(jpeg(), 'wrong').status == 401
            else:
                with connected(page, 'wrong') as stranger:
                    assert stranger.receive()['code'] == door.WRONG_TOKEN
        assert page.bring(jpeg()).status == 429
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught, connected(page, TOKEN):
            pass
        assert caught.value.status == 429
        inside.send(copy='yaml')  # who is in already is let be
        inside.wait('copy')


def test_who_sends_no_token_is_sent_away(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert door.TOKEN_S == 5
    monkeypatch.setattr(door, 'TOKEN_S', 0.1)
    with connected(page, None) as silent:
        assert silent.receive()['code'] == door.WRONG_TOKEN


def test_who_sends_no_request_is_sent_away(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (connections.REQUEST_S, connections.IDLE_S) == (5, 30)
    monkeypatch.setattr(connections, 'REQUEST_S', 0.1)
    for beginning in (b'', b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: '):
        with socket.create_connection(('127.0.0.1', page.port), PATIENCE_S) as half:
            half.sendall(beginning)
            with contextlib.suppress(ConnectionResetError):
                assert half.recv(1) == b''


def test_more_than_64_sockets_are_not_taken(
    page: Served, caplog: pytest.LogCaptureFixture
) -> None:
    sockets = []
    try:
        for _ in range(connections.MOST_SOCKETS):
            one = socket.create_connection(('127.0.0.1', page.port), PATIENCE_S)
            sockets.append(one)
        late = socket.create_connection(('127.0.0.1', page.port), PATIENCE_S)
        with late, contextlib.suppress(ConnectionResetError):
            assert late.recv(1) == b''
        sockets.pop().close()
        for _ in range(1000):  # until the server has seen it
            try:
                assert page.request().status == 200
                break
            except (ConnectionError, OSError):
                pass
        else:
            pytest.fail('a place that became free is not given again')
        assert caplog.records == []
    finally:
        for one in sockets:
            one.close()


def test_the_ninth_viewer_finds_no_room_and_the_first_goes_on(page: Served) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        viewers = [stack.enter_context(page.viewer()) for _ in range(8)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught, connected(page, TOKEN):
            pass
        assert caught.value.status == 503
        viewers[0].send(copy='yaml')
        viewers[0].wait('copy')


@pytest.mark.parametrize(
    'garbage',
    [
        b'\0' * 1000,
        b'GET\r\n\r\n',
        b'GET / HTTP/9.9\r\n\r\n',
        b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',  # somebody tries https://
        b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 5000,
        b'GET /' + b'a' * 20_000 + b' HTTP/1.1\r\n\r\n',
        b'POST /picture HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
        b'GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    ],
)
def test_garbage_is_refused_and_says_nothing(
    page: Served, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(('127.0.0.1', page.port), PATIENCE_S) as odd:
        answer = b''
        with contextlib.suppress(ConnectionError):
            odd.sendall(garbage)
            odd.shutdown(socket.SHUT_WR)
            while piece := odd.recv(1000):
                answer += piece
    assert answer == b'' or answer.split()[1] in (b'400', b'403')
    assert page.request().status == 200
    assert caplog.records == []


@pytest.mark.parametrize(
    'text', ['{"eval": "1"}', 'x' * 70_000, '{"seek": "0"}', '{"set": {"peak_threshold": NaN}}']
)
def test_what_no_page_of_ours_says_ends_the_viewer(page: Served, text: str) -> None:
    with page.viewer() as odd:
        odd.send_text(text)
        while odd.receive()['kind'] != 'closed':
            pass
        assert odd.facts[-1]['code'] in (1006, 1008, 1009)
    with page.viewer() as next_one:
        next_one.wait('frame')


def test_a_flood_of_messages_ends_the_viewer(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('openpose_ros.view.viewer.Pace', lambda: Pace(lambda: 0.0))
    with page.viewer() as flooding:
        with contextlib.suppress(ConnectionError):  # which may end before all are sent
            for _ in range(200):
                flooding.send(copy='yaml')
        while flooding.receive()['kind'] != 'closed':
            pass
        assert flooding.facts[-1]['code'] in (1006, 1008)  # what it sent may not all be read


def test_a_picture_is_taken(page: Served) -> None:
    with page.viewer() as viewer:
        assert page.bring(jpeg(30, 20), X_Picture_Name='caf%C3%A9%0A.jpg').status == 200
        frame = viewer.wait('frame', lambda facts: facts['size'] == [30, 20])
        assert frame['name'] == 'café?.jpg'


@pytest.mark.parametrize(
    ('body', 'said'),
    [
        (b'', 'empty'),
        (b'MZ this is a program', 'no picture'),
        (b'GIF89a' + bytes(50), 'GIF'),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'),
        (jpeg()[:200], ''),  # cut off
        (cv2.imencode('.tiff', np.zeros((8, 8, 3), np.uint8))[1].tobytes(), 'TIFF'),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(page: Served, body: bytes, said: str) -> None:
    answer = page.bring(body, X_Picture_Name='bomb.jpg')
    line = answer.text
    assert answer.status == 422
    assert line.startswith('bomb.jpg')
    assert said in line
    assert '\n' not in line


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    make_picture: Callable[..., Path],
) -> None:
    with desk([make_picture()], max_pixels=10_000) as page:
        answer = page.bring(jpeg(200, 100))
        assert answer.status == 422
        assert '200x100' in answer.text


def test_an_upload_is_counted_while_it_is_read(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert uploads.MOST_BYTES == 20_000_000
    assert page.bring(b'', Content_Length='20000001').status == 422  # before a byte is read
    monkeypatch.setattr(uploads, 'MOST_BYTES', 1_000_000)
    with socket.create_connection(('127.0.0.1', page.port), PATIENCE_S) as endless:
        endless.sendall(
            f'POST /picture HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nOrigin: {page.origin}\r\n'
            f'Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n'.encode()
        )
        piece = b'10000\r\n' + bytes(0x10000) + b'\r\n'
        sent = 0
        try:
            while sent < 100_000_000:  # far more than any buffer between us
                endless.sendall(piece)
                sent += 0x10000
        except OSError:
            pass
        assert sent < 100_000_000, 'it read on for ever'


def test_a_compressed_body_is_not_inflated(page: Served) -> None:
    import gzip

    answer = page.bring(gzip.compress(jpeg()), Content_Encoding='gzip')
    assert answer.status == 422
    assert 'no picture' in answer.text


def test_one_picture_is_taken_at_a_time(page: Served) -> None:
    with socket.create_connection(('127.0.0.1', page.port), PATIENCE_S) as slow:
        body = jpeg()
        slow.sendall(
            f'POST /picture HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nOrigin: {page.origin}\r\n'
            f'Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n'
            '\r\n'.encode()
            + body[:10]
        )
        busy = page.bring(jpeg())
        while busy.status == 200:  # until the first one has the lock
            busy = page.bring(jpeg())
        assert busy.status == 409
        slow.sendall(body[10:])
        assert slow.recv(100).startswith(b'HTTP/1.1 200')
    assert page.bring(jpeg()).status == 200


def test_a_fault_of_our_own_is_told(
    page: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(door, 'pages', fail)
    assert page.request().status == 500
    (record,) = caplog.records
    assert record.getMessage() == 'a request for the page failed'

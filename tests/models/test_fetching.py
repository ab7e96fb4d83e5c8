"""Downloads from a server on this machine."""

from __future__ import annotations

import fcntl
import socket
from threading import Thread

import pytest

from openpose_ros.errors import FetchError, ModelError
from openpose_ros.models import fetch_model, fetching
from tests.models.known import sha256
from tests.models.server import serve

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def site():
    with serve() as site:
        site.files['/a.onnx'] = CONTENT
        yield site


@pytest.fixture
def publish(know):
    """Make a model known that is published at these addresses; return its name."""

    def publish(*urls, file='sub folder/a.onnx'):
        origin = [{'file': file, 'sha256': sha256(CONTENT), 'urls': list(urls)}]
        know('a', CONTENT, file=file, origin=origin)
        return 'a'

    return publish


def test_fetch_downloads_the_whole_file(site, publish, cache):
    (path,) = fetch_model(publish(site.url('/a.onnx')))
    assert path == cache / 'sub folder' / 'a.onnx'
    assert path.read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ['a.onnx'], 'no partial file is left'


def test_fetch_keeps_a_file_that_is_right(site, publish):
    name = publish(site.url('/a.onnx'))
    assert fetch_model(name) == fetch_model(name)
    assert len(site.requests) == 1


def test_fetch_replaces_a_file_that_is_wrong(site, publish, cache):
    name = publish(site.url('/a.onnx'))
    (cache / 'sub folder').mkdir(parents=True)
    (cache / 'sub folder' / 'a.onnx').write_bytes(CONTENT[:-1])
    assert fetch_model(name)[0].read_bytes() == CONTENT


def test_fetch_follows_a_link_to_another_disk(site, publish, cache, tmp_path):
    (cache / 'sub folder').mkdir(parents=True)
    disk = tmp_path / 'disk'
    disk.mkdir()
    link = cache / 'sub folder' / 'a.onnx'
    link.symlink_to(disk / 'a.onnx')
    fetch_model(publish(site.url('/a.onnx')))
    assert link.is_symlink()
    assert (disk / 'a.onnx').read_bytes() == CONTENT
    assert [path.name for path in disk.iterdir()] == ['a.onnx']


def test_fetch_takes_up_a_cut_connection_where_it_broke(site, publish):
    site.cut_after = 100_000
    assert fetch_model(publish(site.url('/a.onnx')))[0].read_bytes() == CONTENT
    assert site.requests == [('/a.onnx', None), ('/a.onnx', 'bytes=100000-')]


@pytest.mark.parametrize(
    ('partial', 'ignores_range', 'requests'),
    [
        (CONTENT[:1234], False, 1),  # the rest is asked for
        (CONTENT[:1234], True, 1),  # the whole comes instead, and must not be appended
        (b'of an older version', False, 2),  # resumed, found wrong, begun anew
        (CONTENT, False, 1),  # complete, but never renamed: 416
        (CONTENT + b'more', False, 2),  # 416, found wrong, begun anew
    ],
)
def test_fetch_resumes_a_partial_file(site, publish, cache, partial, ignores_range, requests):
    name = publish(site.url('/a.onnx'))
    site.ignores_range = ignores_range
    (cache / 'sub folder').mkdir(parents=True)
    (cache / 'sub folder' / 'a.onnx.part').write_bytes(partial)
    assert fetch_model(name)[0].read_bytes() == CONTENT
    assert site.requests[0][1] == f'bytes={len(partial)}-'
    assert len(site.requests) == requests


def test_fetch_keeps_what_came_of_a_truncated_download(site, publish, cache, monkeypatch):
    monkeypatch.setattr(fetching, '_ATTEMPTS', 1)
    name = publish(site.url('/a.onnx'))
    site.cut_after = 5000
    with pytest.raises(FetchError, match=f'cut after 5000 of {len(CONTENT)} bytes'):
        fetch_model(name)
    assert (cache / 'sub folder' / 'a.onnx.part').read_bytes() == CONTENT[:5000]
    fetch_model(name)
    assert site.requests[-1][1] == 'bytes=5000-'


def test_fetch_goes_on_to_the_next_address(site, publish):
    site.files['/other'] = b'a page that asks for a login'
    urls = [site.url(path) for path in ('/missing', '/other', '/a.onnx')]
    assert fetch_model(publish(*urls))[0].read_bytes() == CONTENT


def test_fetch_refuses_another_file(site, publish, cache):
    site.files['/a.onnx'] = b'another file'
    with pytest.raises(FetchError, match=f'another file, sha256 {sha256(b"another file")}'):
        fetch_model(publish(site.url('/a.onnx')))
    assert list((cache / 'sub folder').iterdir()) == []
    assert len(site.requests) == 1, 'the same bytes would come again'


def test_fetch_says_what_to_do_by_hand(site, publish, cache):
    url = site.url('/nothing')
    with pytest.raises(FetchError) as caught:
        fetch_model(publish(url))
    message = str(caught.value)
    assert '\n' not in message
    assert f'{url}: HTTP 404' in message
    assert f'{url} as {cache / "sub folder" / "a.onnx"} (sha256 {sha256(CONTENT)})' in message


def test_fetch_from_a_port_where_nobody_listens(publish):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FetchError, match='Connection refused'):
        fetch_model(publish(f'http://127.0.0.1:{port}/a.onnx'))


@pytest.mark.parametrize('answer', [b'', b'HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n'])
def test_fetch_from_a_server_that_falls_silent_ends(publish, monkeypatch, answer):
    monkeypatch.setattr(fetching, 'TIMEOUT_S', 0.1)
    with socket.create_server(('127.0.0.1', 0)) as server:
        connections = []

        def fall_silent():
            connection, _ = server.accept()
            connection.sendall(answer)
            connections.append(connection)

        thread = Thread(target=fall_silent)
        thread.start()
        url = f'http://127.0.0.1:{server.getsockname()[1]}/a.onnx'
        with pytest.raises(FetchError, match=r'no answer within 0\.1 s'):
            fetch_model(publish(url))
        thread.join()
        connections.pop().close()


def test_fetch_from_something_that_is_no_web_server(publish):
    with socket.create_server(('127.0.0.1', 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b'SSH-2.0-OpenSSH_9.2\r\n')

        thread = Thread(target=answer)
        thread.start()
        with pytest.raises(FetchError, match='SSH'):
            fetch_model(publish(f'http://127.0.0.1:{server.getsockname()[1]}/a.onnx'))
        thread.join()


def test_two_processes_do_not_write_one_file(site, publish, cache):
    name = publish(site.url('/a.onnx'))
    (cache / 'sub folder').mkdir(parents=True)
    with (cache / 'sub folder' / 'a.onnx.part').open('ab') as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match='another process is downloading'):
            fetch_model(name)
    assert site.requests == []


def test_fetch_into_a_cache_that_cannot_be_written(site, publish, cache):
    cache.parent.write_text('a file where the folder should be')
    with pytest.raises(ModelError, match=r'cannot write .*set OPENPOSE_ROS_CACHE'):
        fetch_model(publish(site.url('/a.onnx')))


def test_fetch_of_an_unknown_model_lists_the_known(publish):
    publish('http://127.0.0.1/a.onnx')
    with pytest.raises(ModelError, match=r"no known model 'b'; choose from a$"):
        fetch_model('b')


def test_progress_is_drawn_only_where_asked(site, publish, capsys):
    name = publish(site.url('/a.onnx'))
    fetch_model(name)[0].unlink()
    assert capsys.readouterr().err == '', 'stderr is no terminal here'
    fetch_model(name, progress=True)
    assert 'a.onnx: 100%' in capsys.readouterr().err

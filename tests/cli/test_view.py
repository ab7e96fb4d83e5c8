"""The page of `view` and `estimate --view`, as a user starts and ends it."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import re
import signal
import stat
from types import SimpleNamespace

import pytest

from openpose_ros.cli import main
from openpose_ros.cli.viewing import open_browser
from openpose_ros.view.addresses import Address
from openpose_ros.view.tokens import VARIABLE, Token
from tests.cli.processes import Verb, running
from tests.view.serving import connected

ANYWHERE = ('--backend', 'fake', '--view-address', '127.0.0.1:0')


def address_of(verb: Verb) -> tuple[SimpleNamespace, str]:
    """Return the origin of the page, and its token, as they are printed."""
    verb.wait_for('view: http')
    verb.wait_for('\n')
    origin, token = re.findall(r'view: (http://[^/]+)/#?(\S*)', verb.said())[0]
    return SimpleNamespace(origin=origin), token


def told(said: str) -> list[str]:
    """Return the lines, without the one about what a first start compiles."""
    return [line for line in said.splitlines() if 'compiling the parser' not in line]


@pytest.mark.parametrize('words', [('view',), ('estimate', '--view')])
def test_a_page_is_served_until_ctrl_c(
    make_picture: Callable[..., Path], words: tuple[str, ...]
) -> None:
    with running(*words, str(make_picture()), *ANYWHERE) as verb:
        page, token = address_of(verb)
        with connected(page, token) as viewer:  # type: ignore[arg-type]
            assert len(viewer.wait('frame')['people']) == 3
            assert verb.stop(signal.SIGINT) == 0
            while viewer.receive()['kind'] != 'closed':
                pass
        (line,) = told(verb.said())
        assert line.startswith('openpose-ros: view: http://127.0.0.1:')


def test_results_are_whole_and_the_page_stays(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / 'people.jsonl'
    with running('view', str(make_video(frames=6)), '--json', str(file), *ANYWHERE) as verb:
        page, token = address_of(verb)
        verb.wait_for('the page stays until Ctrl-C')
        assert [json.loads(line)['frame'] for line in file.read_text().splitlines()] == [*range(6)]
        with connected(page, token) as viewer:  # type: ignore[arg-type]
            viewer.wait('status', lambda facts: 'the work is done' in facts['line'])
        assert verb.stop(signal.SIGINT) == 0
        assert '6 frames' in verb.said()


@pytest.mark.parametrize(
    ('words', 'says'),
    [
        (['--view', '--show'], 'take one of them'),
        (['--view', '--resume', '--json', 'x.jsonl'], '--view cannot go with --resume'),
        (['--view', '--view-address', 'nowhere'], 'HOST:PORT'),
        (['--view', '--view-allow-host', 'http://a'], '--view-allow-host'),
        (['--view', '--view-max-clients', '1000'], '--view-max-clients is 1000'),
        (['--view', '--view-token-file', 'nothing-is-here'], 'cannot read the token'),
    ],
)
def test_what_does_not_go_together_is_one_line(
    make_picture: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(make_picture().parent)
    monkeypatch.setattr('openpose_ros.io.windows.check_window', lambda: None)
    assert main(['estimate', 'photo.png', *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count('\n') == 1


def test_a_taken_port_is_one_line(
    make_picture: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    with socket.create_server(('127.0.0.1', 0)) as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        words = ['view', str(make_picture()), '--backend', 'fake', '--view-address', address]
        assert main(words) == 1
    error = capsys.readouterr().err
    (line,) = told(error)
    assert f'cannot serve the page on {address}' in line


def test_a_token_of_ones_own_is_not_printed(
    make_picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = 'a-token-of-my-own'
    monkeypatch.setenv(VARIABLE, own)
    with running('view', str(make_picture()), *ANYWHERE) as verb:
        page, _ = address_of(verb)
        with connected(page, own) as viewer:  # type: ignore[arg-type]
            viewer.wait('frame')
        assert verb.stop(signal.SIGINT) == 0
        assert own not in verb.said()


def test_the_browser_gets_the_token_in_a_file_of_the_users_and_no_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr('webbrowser.open', lambda url: opened.append(url) or True)
    server = SimpleNamespace(
        address=Address('127.0.0.1', 8088), options=SimpleNamespace(token=Token('a"<b>'))
    )
    path = open_browser(server, pytest.fail)  # type: ignore[arg-type]
    assert path is not None
    try:
        assert opened == [path.as_uri()]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert 'url=http://127.0.0.1:8088/#a&quot;&lt;b&gt;"' in path.read_text()
    finally:
        path.unlink()


def test_without_a_browser_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr('webbrowser.open', lambda url: False)
    server = SimpleNamespace(
        address=Address('127.0.0.1', 8088), options=SimpleNamespace(token=Token('x'))
    )
    path = open_browser(server, said.append)  # type: ignore[arg-type]
    assert path is not None
    path.unlink()
    assert said == ['no browser could be opened; open the address yourself']


def test_without_its_library_that_is_one_line(
    make_picture: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr('openpose_ros.cli.viewing.find_spec', lambda name: None)
    assert main(['view', str(make_picture())]) == 2
    error = capsys.readouterr().err
    assert error == (
        'openpose-ros: the page in the browser needs aiohttp, which is not installed; '
        'pip install aiohttp\n'
    )

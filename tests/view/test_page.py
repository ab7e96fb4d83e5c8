"""The files of the page: nothing from elsewhere, and nothing that runs what it shows."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

from openpose_ros import view
from openpose_ros.view.static import pages

FOLDER = Path(view.__file__).parent / 'page'
FILES = sorted(FOLDER.iterdir())


def test_every_file_is_served_and_no_other() -> None:
    assert sorted(page.content for page in pages().values()) == sorted(
        path.read_bytes() for path in FILES
    )


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_nothing_runs_what_is_shown(path: Path) -> None:
    text = path.read_text('utf-8')
    unsafe = r'innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|style='
    assert not re.findall(unsafe + r'|\.style\b|srcdoc|javascript:|\bon\w+="', text)


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text('utf-8').replace('http://www.w3.org/2000/svg', '')
    assert re.findall(r'(?:https?|wss?)://[^\s\'"]*', text) in (
        [],
        ['ws://${location.host}/ws`);'],
    )
    assert '@import' not in text


def test_every_script_that_is_imported_is_served() -> None:
    imported = {
        name
        for path in FILES
        for name in re.findall(r"from '\./(\w+\.js)'", path.read_text('utf-8'))
    }
    assert {f'/{name}' for name in imported} <= set(pages())

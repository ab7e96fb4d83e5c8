"""The verb `models`, as a user types it."""

from __future__ import annotations

import pytest

from openpose_ros.cli import main
from tests.models import known
from tests.models.known import RAW_BGR, sha256
from tests.models.server import serve

cache, know = known.cache, known.know  # fixtures

CONTENT = b'<net/>'


def test_list_shows_every_model_and_whether_it_is_here(know, cache, capsys):
    know('here', CONTENT, file='here.xml', ap=0.5, licence='MIT')
    know('elsewhere', b'', decoder='posenet')
    cache.mkdir(parents=True)
    (cache / 'here.xml').write_bytes(CONTENT)
    assert main(['models', 'list']) == 0
    header, elsewhere, here = capsys.readouterr().out.splitlines()
    assert header.split() == ['NAME', 'AP', 'LICENCE', 'DECODER', 'FILE']
    assert elsewhere.split() == ['elsewhere', '-', 'unknown', 'posenet', 'not', 'here']
    assert here.split(maxsplit=4) == ['here', '0.500', 'MIT', 'paf', str(cache / 'here.xml')]


def test_show_says_all_that_is_known(know, capsys):
    origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': ['http://127.0.0.1/a']}]
    inputs = {**RAW_BGR, 'mean': [1, 2, 3]}
    know('a', CONTENT, file='a.xml', origin=origin, input=inputs, ap=0.25)
    assert main(['models', 'show', 'a']) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown['path'].endswith('get it with: openpose-ros models fetch a')
    assert shown['skeleton'] == 'coco_18 (18 keypoints, 19 limbs)'
    assert shown['input.mean'] == '1.0 2.0 3.0'
    assert shown['origin'] == f'http://127.0.0.1/a sha256 {sha256(CONTENT)}'
    assert shown['ap'] == '0.25'
    assert 'outputs.offsets' not in shown


def test_fetch_downloads_once(know, cache, capsys):
    with serve() as site:
        site.files['/a'] = CONTENT
        origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': [site.url('/a')]}]
        know('a', CONTENT, file='a.xml', origin=origin)
        assert main(['models', 'fetch', 'a']) == 0
        assert capsys.readouterr().out == f'{cache / "a.xml"}\n'
        assert main(['models', 'fetch', 'a']) == 0
    assert capsys.readouterr().out == f'a is here already: {cache / "a.xml"}\n'
    assert len(site.requests) == 1


def test_fetch_says_that_published_files_are_not_yet_the_model(know, cache, capsys):
    with serve() as site:
        site.files['/a'] = CONTENT
        origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': [site.url('/a')]}]
        know('a', b'converted', origin=origin)
        assert main(['models', 'fetch', 'a']) == 0
    path, told = capsys.readouterr().out.splitlines()
    assert path == str(cache / 'a.xml')
    assert 'This version cannot turn them into a.onnx yet; set OPENPOSE_ROS_MODEL_PATH' in told


@pytest.mark.parametrize(
    ('arguments', 'status', 'message'),
    [
        (['fetch', 'a'], 1, 'http://127.0.0.1:1/a: Connection refused; try again later, or save'),
        (['fetch', 'b'], 1, "no known model 'b'; choose from a"),
        (['show', 'b'], 1, "'b' is neither a file nor a known name"),
        (['fetch'], 2, 'required: MODEL'),
        ([], 2, 'required: ACTION'),
        (['dance'], 2, "invalid choice: 'dance'"),
    ],
)
def test_what_fails_is_one_line(know, capsys, arguments, status, message):
    origin = [{'file': 'a.xml', 'sha256': '0' * 64, 'urls': ['http://127.0.0.1:1/a']}]
    know('a', CONTENT, origin=origin)
    try:
        found = main(['models', *arguments])
    except SystemExit as exc:  # argparse's way
        found = exc.code
    assert found == status
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.count('\n') == 1
    assert message in captured.err

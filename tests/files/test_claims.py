"""What a command reads is not written, whatever it is called, and no result twice."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import Claims


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / 'photo.jpg'
    path.write_bytes(b'picture')
    return path


@pytest.mark.parametrize('kind', ['itself', 'hard link', 'symbolic link', 'through ..', 'folder'])
@pytest.mark.parametrize('first', ['input', 'output'])
def test_input_is_never_written(photo: Path, kind: str, first: str) -> None:
    other = photo.with_name('other.json')
    if kind == 'hard link':
        os.link(photo, other)
    elif kind == 'symbolic link':
        other.symlink_to(photo.name)
    elif kind == 'through ..':
        other = photo.parent / '..' / photo.parent.name / photo.name
    elif kind == 'folder':
        photo.with_name('folder').symlink_to(photo.parent)
        other = photo.with_name('folder') / photo.name
    else:
        other = photo
    claims = Claims()

    def both() -> None:
        for path, use in (
            ((photo, claims.reads), (other, claims.claim))
            if first == 'input'
            else ((other, claims.claim), (photo, claims.reads))
        ):
            use(path)

    with pytest.raises(ParameterError, match='his command reads: it would be lost'):
        both()


def test_standard_output_that_is_an_input_is_refused(photo: Path) -> None:
    code = 'import sys; from openpose_ros.files import Claims; Claims(sys.argv[1:]).claim("-")'
    with photo.open('ab') as file:
        run = subprocess.run(
            [sys.executable, '-c', code, str(photo)],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    assert f'- is {photo}, which this command reads' in run.stderr


def test_part_of_what_grows_is_claimed_too(photo: Path) -> None:
    part = photo.with_name('people.part')
    part.write_bytes(b'{}')
    with pytest.raises(ParameterError, match=r'people\.part is what this command reads'):
        Claims([part]).claim(photo.with_name('people'), grows=True)
    Claims([part]).claim(photo.with_name('people'))


@pytest.mark.parametrize('there', [True, False])
def test_two_results_in_one_file_are_refused(tmp_path: Path, there: bool) -> None:
    first = tmp_path / 'out/photo.jpg'
    first.parent.mkdir()
    if there:
        first.touch()
    (tmp_path / 'link').symlink_to('out/photo.jpg')
    claims = Claims()
    claims.claim(first)
    for other in (first, tmp_path / 'link', tmp_path / 'out/../out/photo.jpg'):
        with pytest.raises(ParameterError, match='are the same file, for two results'):
            claims.check(other)
    claims.check(tmp_path / 'out/photo.png')


@pytest.mark.parametrize('names', [['-', 'out'], ['out', '-'], ['out', '/dev/stdout']])
def test_standard_output_that_is_another_result_is_refused(
    tmp_path: Path, names: list[str]
) -> None:
    code = (
        'import sys; from openpose_ros.files import Claims; claims = Claims(); '
        '[claims.claim(name) for name in sys.argv[1:]]'
    )
    typed = [str(tmp_path / 'out') if name == 'out' else name for name in names]
    with (tmp_path / 'out').open('w') as file:
        run = subprocess.run(
            [sys.executable, '-c', code, *typed],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    assert 'are the same file, for two results' in run.stderr


def test_device_may_get_several_results() -> None:
    claims = Claims()
    claims.claim('/dev/null')
    claims.claim('/dev/null', grows=True)


def test_names_of_nothing_are_no_inputs(tmp_path: Path) -> None:
    claims = Claims(['', 'rtsp://camera/1', str(tmp_path / 'none'), 'a\0b', '0'])
    claims.claim(tmp_path / 'none')


def test_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match='Is a directory'):
        Claims().claim(tmp_path)


@pytest.mark.parametrize('name', ['out', 'out/people.jsonl', 'out/a/b.jsonl', 'link/x.jsonl'])
def test_nothing_goes_into_a_folder_that_is_a_result(tmp_path: Path, name: str) -> None:
    (tmp_path / 'link').symlink_to('out')
    folder_first, folder_last = Claims(), Claims()
    folder_first.claim_folder(tmp_path / 'out')
    folder_first.claim(tmp_path / 'out.jsonl')
    with pytest.raises(ParameterError, match=r'is another result, .*out, or in it: it would be'):
        folder_first.claim(tmp_path / name)
    folder_last.claim(tmp_path / name)
    with pytest.raises(ParameterError, match=r'is another result, .*out, or in it: it would be'):
        folder_last.claim_folder(tmp_path / 'out')


def test_input_in_a_folder_that_is_a_result_is_not_lost(photo: Path, tmp_path: Path) -> None:
    (tmp_path / 'link').symlink_to(tmp_path)
    for name in (photo, tmp_path / 'link/photo.jpg'):
        folder_first, folder_last = Claims(), Claims([name])
        with pytest.raises(ParameterError, match='his command reads: it would be lost'):
            folder_last.claim_folder(tmp_path)
        folder_first.claim_folder(tmp_path)
        with pytest.raises(ParameterError, match='his command reads: it would be lost'):
            folder_first.reads(name)
    beside = Claims([photo])
    beside.claim_folder(tmp_path / 'out')

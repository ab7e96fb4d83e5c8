"""OUT is whole or not there, whatever ends the work."""

from __future__ import annotations

from collections import Counter
import os
from pathlib import Path
import signal
import subprocess
import sys

from mcap.reader import make_reader
import pytest
from rosbags.rosbag2 import CompressionMode, Reader

from openpose_ros.cli import main
from openpose_ros.errors import OutputError, ParameterError
from tests.bags.making import picture, raw, topics_of, worked_on, write_bag

ROOT = Path(__file__).parents[2]
FAKE = ('-p', 'backend:=fake')
COUNT = 40
# The verb as it is, but that something happens to its process after so many images.
RUN = """
import os, resource, signal, sys
from openpose_ros.cli import bag, main

what, after = sys.argv.pop(1), int(sys.argv.pop(1))
show = bag._Bar.show

def shown(self, done):
    show(self, done)
    if done.images != after:
        return
    if what.startswith('SIG'):
        os.kill(os.getpid(), getattr(signal, what))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(what), int(what)))

bag._Bar.show = shown
if not after:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(what), int(what)))
sys.exit(main())
"""


def run(what: str, after: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-c', RUN, what, str(after), 'bag', *map(str, words), *FAKE],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_by_mcap(path: Path) -> Counter[str]:
    """Return how many messages MCAP's own reader finds on each topic."""
    with next(path.glob('*.mcap')).open('rb') as file:
        return Counter(channel.topic for _, channel, _ in make_reader(file).iter_messages())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_bag(tmp_path / 'in', map(raw, range(COUNT)))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize('mode', [CompressionMode.NONE, CompressionMode.STORAGE])
def test_mcaps_own_reader_reads_what_is_written(tmp_path: Path, mode: CompressionMode) -> None:
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)), mode=mode)
    compression = 'none' if mode == CompressionMode.NONE else 'zstd'
    worked_on(source, tmp_path / 'out', copied=('*',), compression=compression)
    found = read_by_mcap(tmp_path / 'out')
    assert found['/openpose/persons'] == found['/camera/image_raw'] == COUNT
    assert found == topics_of(tmp_path / 'out')


def test_killed_work_leaves_nothing_that_looks_whole(source: Path, tmp_path: Path) -> None:
    before = bytes_of(source)
    assert run('SIGKILL', 10, source, tmp_path / 'out').returncode == -signal.SIGKILL
    assert names(tmp_path) == ['in', 'out.part']
    assert bytes_of(source) == before
    with pytest.raises(FileNotFoundError):
        Reader(tmp_path / 'out.part').open()
    assert main(['bag', str(tmp_path / 'out.part'), str(tmp_path / 'x'), *FAKE]) == 1
    lines: list[str] = []
    assert worked_on(source, tmp_path / 'out', lines).is_whole
    assert lines == [f'{tmp_path}/out.part of an earlier run, which did not end well, is replaced']
    assert names(tmp_path) == ['in', 'out']


@pytest.mark.parametrize(
    ('what', 'status', 'storage'),
    [
        ('SIGINT', 130, 'mcap'),
        ('SIGINT', 130, 'sqlite3'),
        ('SIGTERM', 143, 'mcap'),
        ('SIGHUP', 129, 'sqlite3'),
    ],
)
def test_stopped_work_is_a_bag_that_opens(
    source: Path, tmp_path: Path, storage: str, what: str, status: int
) -> None:
    before = bytes_of(source)
    ended = run(what, 10, source, tmp_path / 'out', '--storage', storage)
    assert ended.returncode == status, ended.stderr
    assert names(tmp_path) == ['in', 'out.partial']
    assert topics_of(tmp_path / 'out.partial')['/openpose/persons'] == 10
    assert f'in {tmp_path}/out.partial' in ended.stderr
    assert bytes_of(source) == before


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_full_disk_leaves_a_bag_that_opens(tmp_path: Path, storage: str) -> None:
    lines = [raw(number, pixels=picture(number, (320, 240))) for number in range(100)]
    source = write_bag(tmp_path / 'in', lines)  # 23 MB
    words = ('--storage', storage, '--copy', '--json', tmp_path / 'out.jsonl')
    ended = run(str(15 << 20), 5, source, tmp_path / 'out', *words)
    assert ended.returncode == 1, ended.stderr
    assert names(tmp_path) == ['in', 'out.partial']
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith(f'openpose-ros: cannot write {tmp_path}/out: ')
    assert ended.stderr.endswith(f'; what there is, is in {tmp_path}/out.partial\n')
    assert names(tmp_path / 'out.partial') == [
        'metadata.yaml',
        'out' + {'mcap': '.mcap', 'sqlite3': '.db3'}[storage],
    ]
    found = topics_of(tmp_path / 'out.partial')
    assert found['/openpose/persons'] >= 20
    assert found['/openpose/skeleton_info'] == 1
    with Reader(tmp_path / 'out.partial') as reader:
        assert reader.message_count == sum(1 for _ in reader.messages()) == sum(found.values())
    if storage == 'mcap':
        assert read_by_mcap(tmp_path / 'out.partial') == found


@pytest.mark.parametrize('after', [0, 1])
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_disk_that_takes_nothing_leaves_nothing(
    source: Path, tmp_path: Path, storage: str, after: int
) -> None:
    ended = run('20', after, source, tmp_path / 'out', '--storage', storage)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith(f'openpose-ros: cannot write {tmp_path}/out: ')
    assert names(tmp_path) == ['in']


def test_bag_that_exists_is_kept_until_the_new_one_is_whole(source: Path, tmp_path: Path) -> None:
    worked_on(source, tmp_path / 'out')
    before = bytes_of(tmp_path / 'out')
    with pytest.raises(ParameterError, match=r'out is there already; .* --overwrite'):
        worked_on(source, tmp_path / 'out')
    ended = run('SIGINT', 3, source, tmp_path / 'out', '--overwrite')
    assert ended.returncode == 130
    assert bytes_of(tmp_path / 'out') == before
    worked_on(source, tmp_path / 'out', overwrite=True, duration_s=0.1)
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 4
    assert names(tmp_path) == ['in', 'out', 'out.partial']


def test_only_bags_are_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/thesis.tex').write_text('years of work')
    with pytest.raises(ParameterError, match='is no bag in a folder'):
        worked_on(source, tmp_path / 'out', overwrite=True)
    (tmp_path / 'file').write_text('years of work')
    with pytest.raises(ParameterError, match='is no bag in a folder'):
        worked_on(source, tmp_path / 'file', overwrite=True)
    (tmp_path / 'new.part').mkdir()
    (tmp_path / 'new.part/thesis.tex').write_text('years of work')
    with pytest.raises(OutputError, match=r'new\.part: it holds thesis\.tex, which no bag'):
        worked_on(source, tmp_path / 'new')
    assert (tmp_path / 'out/thesis.tex').is_file()
    assert (tmp_path / 'new.part/thesis.tex').is_file()


def test_bag_that_holds_more_than_a_bag_is_kept(source: Path, tmp_path: Path) -> None:
    worked_on(source, tmp_path / 'out')
    (tmp_path / 'out/notes.txt').write_text('what I saw')
    with pytest.raises(ParameterError, match=r'holds notes\.txt, which is no part of a bag'):
        worked_on(source, tmp_path / 'out', overwrite=True)
    (tmp_path / 'out/notes.txt').rename(tmp_path / 'new.partial')  # not even where work ends early
    with pytest.raises(ParameterError, match=r'new\.partial is there, and is no folder; .* move'):
        worked_on(source, tmp_path / 'new')
    (tmp_path / 'more.partial').mkdir()
    (tmp_path / 'new.partial').rename(tmp_path / 'more.partial/notes.txt')
    with pytest.raises(ParameterError, match=r'more\.partial is there, and holds notes\.txt'):
        worked_on(source, tmp_path / 'more')
    assert (tmp_path / 'more.partial/notes.txt').read_text() == 'what I saw'
    worked_on(source, tmp_path / 'out', overwrite=True)


@pytest.mark.parametrize('how', ['in', 'in/', 'in/below', 'link', '.', 'in.part'])
def test_bag_is_not_written_over_what_is_read(
    source: Path, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = bytes_of(source)
    os.symlink(source, tmp_path / 'link')
    out = Path(how)
    read = source
    if how == 'in.part':
        out, read = Path('other'), source.rename(tmp_path / 'other.part')
    with pytest.raises(ParameterError, match='it would be lost; choose another name'):
        worked_on(read, out, overwrite=True)
    assert main(['bag', str(read), str(out), '--overwrite', *FAKE]) == 2
    assert bytes_of(read) == before


def test_bag_is_replaced_where_a_link_leads(source: Path, tmp_path: Path) -> None:
    worked_on(source, tmp_path / 'out', duration_s=0.1)
    (tmp_path / 'link').symlink_to('out')
    worked_on(source, tmp_path / 'link', overwrite=True)
    assert (tmp_path / 'link').is_symlink()
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == COUNT
    assert names(tmp_path) == ['in', 'link', 'out']


def test_root_is_no_bag(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', str(source), '/', *FAKE]) == 2
    assert capsys.readouterr().err == (
        'openpose-ros: / cannot be the folder of a bag: name a new one in it\n'
    )


def test_pattern_that_copies_nothing_is_told(source: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    worked_on(source, tmp_path / 'out', lines, copied=('/tf*', '/camera/*'))
    assert lines == [
        f"no topic looks like '/tf*', and nothing is copied by it; {source} has /camera/image_raw"
    ]


def test_json_is_not_written_over_the_bag(source: Path, tmp_path: Path) -> None:
    file = next(source.glob('*.mcap'))
    before = bytes_of(source)
    assert main(['bag', str(source), str(tmp_path / 'out'), '--json', str(file), *FAKE]) == 2
    assert bytes_of(source) == before
    assert not (tmp_path / 'out').exists()


def test_folder_that_cannot_be_written_is_one_line(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'file').write_text('')
    assert main(['bag', str(source), str(tmp_path / 'file/out'), *FAKE]) == 1
    assert capsys.readouterr().err == (
        f'openpose-ros: cannot write {tmp_path}/file/out: Not a directory\n'
    )


def test_two_at_once_do_not_write_one_bag(source: Path, tmp_path: Path) -> None:
    from openpose_ros.bags.options import BagOptions
    from openpose_ros.bags.work import process_bag
    from tests.bags.making import FAKE as PARAMS
    from tests.bags.making import estimator

    told: list[str] = []

    def on_done(_: object) -> None:
        if not told:
            with pytest.raises(OutputError, match='another process is writing') as caught:
                worked_on(source, tmp_path / 'out')
            told.append(str(caught.value))

    options = BagOptions(params=PARAMS)
    report = process_bag(source, tmp_path / 'out', estimator(), options, on_done=on_done)
    assert told
    assert report.is_whole


def test_start_behind_the_end_leaves_no_bag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the command, once corrected, would find OUT there."""
    source, out = write_bag(tmp_path / 'in', map(raw, range(3))), tmp_path / 'out'
    assert main(['bag', str(source), str(out), '--start', '60', *FAKE]) == 2
    assert '--start 60 is behind the end of' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['in']

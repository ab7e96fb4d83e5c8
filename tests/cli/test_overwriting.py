"""No verb destroys a file: not its own inputs, nor what is no JSON, nor half of its results."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading

import onnx
import pytest

from openpose_ros.cli import doctor, main
from openpose_ros.cli.checks import models
from openpose_ros.cli.checks.finding import Finding
from openpose_ros.io.pictures import read_picture
from openpose_ros.models import load_model
from tests.bags.making import raw, write_bag

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']
ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a network of the user's own, with its manifest and a skeleton."""
    spec = load_model()
    assert spec.path is not None
    path = tmp_path / 'own.onnx'
    shutil.copy(spec.path, path)
    manifest = json.loads(spec.path.with_suffix('.json').read_text())
    bones = ROOT / 'openpose_ros/skeletons/data' / f'{spec.skeleton.name}.json'
    shutil.copy(bones, tmp_path / 'bones.json')
    path.with_suffix('.json').write_text(json.dumps({**manifest, 'skeleton': 'bones.json'}))
    return path


JSON_INTO = [  # --json, what the one line says
    ('photo.png', 'photo.png is what this command reads'),
    ('hard.json', 'photo.png, which this command reads'),
    ('soft.json', 'photo.png, which this command reads'),
    ('sub/../photo.png', 'photo.png, which this command reads'),
    ('holiday.jpg', 'holiday.jpg is there already and is not JSON'),
    ('own.onnx', 'own.onnx is what this command reads'),
    ('own.json', 'own.json is what this command reads'),
    ('bones.json', 'bones.json is what this command reads'),
    ('', 'argument --json: it is empty'),
]


@pytest.mark.parametrize(('name', 'says'), JSON_INTO)
def test_estimate_never_writes_json_over_another_file(
    make_picture: MakeFile,
    model: Path,
    tmp_path: Path,
    name: str,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo, _ = make_picture(), make_picture('holiday.jpg')
    os.link(photo, tmp_path / 'hard.json')
    (tmp_path / 'soft.json').symlink_to(photo)
    (tmp_path / 'sub').mkdir()
    before = contents(tmp_path)
    target = f'{tmp_path}/{name}' if name else ''
    arguments = ['--model', str(model), '--net-resolution', '64x64']
    assert ended(['estimate', str(photo), *arguments, '--json', target]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count('\n') == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize('name', ['é.png', 'bad\udcff.png', f'{"ä" * 119}.png'])
@pytest.mark.parametrize('encoding', ['ascii', 'utf-8'])
def test_names_are_written_in_every_locale(
    make_picture: MakeFile, tmp_path: Path, name: str, encoding: str
) -> None:
    photo = make_picture().rename(tmp_path / name)
    ascii_only = {'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0', 'LC_ALL': 'C'}
    done = subprocess.run(
        [
            *(sys.executable, '-m', 'openpose_ros', 'estimate', str(photo), *FAKE, '--quiet'),
            *('--json', f'{tmp_path}/{name[:60]}.json', '-o', f'{tmp_path}/out'),
        ],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **(ascii_only if encoding == 'ascii' else {'PYTHONUTF8': '1'})},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'out' / name).is_file()
    assert (tmp_path / f'{name[:60]}.json').is_file()
    assert not list(tmp_path.rglob('*.part*'))


HANDS = {  # what is typed before --json: those that read a network for hands
    'estimate': ['estimate', 'photo.png', '--hand', 'hand.onnx', *FAKE],
    'bag': ['bag', 'walk', 'out', '-p', 'hand_model:=hand.onnx', '-p', 'backend:=fake'],
    'archive': ['archive', 'photo.png', '-o', 'out', '--hand', 'hand.onnx', *FAKE],
}


@pytest.mark.parametrize('target', ['hand.json', 'hand.onnx', 'mine.json'])
@pytest.mark.parametrize('verb', HANDS)
def test_network_of_hands_is_not_written_over(
    make_picture: MakeFile,
    tmp_path: Path,
    verb: str,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if verb == 'archive':
        pytest.importorskip('ray', reason='needs Ray, of the extra archive')
    monkeypatch.chdir(tmp_path)
    make_picture()
    write_bag(tmp_path / 'walk', [raw(0)])
    (tmp_path / 'hand.onnx').write_bytes(b'a network')
    manifest = {
        'name': 'hand',
        'file': 'hand.onnx',
        'sha256': sha256(b'a network').hexdigest(),
        'skeleton': 'hand_21',
        'decoder': 'heatmaps',
        'input': {'colour': 'BGR', 'mean': [0, 0, 0], 'scale': [1, 1, 1]},
        'net_resolution': [184, 184],
    }
    (tmp_path / 'hand.json').write_text(json.dumps(manifest))
    words = HANDS[verb]
    if target == 'mine.json':  # YAML is JSON, too
        (tmp_path / 'mine.json').write_text('{"/**": {"ros__parameters": {"min_parts": 4}}}')
        if verb != 'bag':
            return
        words = [*words, '--params-file', 'mine.json']
    before = contents(tmp_path)
    assert main([*words, '--json', target]) == 2
    assert 'which this command reads' in capsys.readouterr().err.replace(
        f'{target} is what this', f'{target}, which this'
    )
    assert contents(tmp_path) == before


ARCHIVED = ('out/photo.png.jsonl', 'out/photo.png.jsonl.done.json', 'out/index.csv')


@pytest.mark.parametrize('target', [*ARCHIVED, 'out/walk.bag/x.json', 'out/walk.bag'])
def test_summary_of_an_archive_is_not_written_over_its_results(
    make_picture: MakeFile,
    tmp_path: Path,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip('ray', reason='needs Ray, of the extra archive')
    monkeypatch.chdir(tmp_path)
    make_picture()
    write_bag(tmp_path / 'walk', [raw(0)])
    assert main(['archive', 'photo.png', 'walk', '-o', 'out', '--json', target, *FAKE]) == 2
    said = capsys.readouterr().err
    assert f'{target} is another result' in said
    assert said.count('\n') == 1
    assert sorted(os.listdir(tmp_path)) == ['photo.png', 'walk'], 'nothing was begun'


@pytest.mark.parametrize('what', ['an input', 'a result of another verb', 'a folder', 'a file'])
def test_bag_of_an_archive_replaces_nothing_of_the_users(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('ray', reason='needs Ray, of the extra archive')
    write_bag(tmp_path / 'in/drive', [raw(0)])
    place = tmp_path / ('in' if what == 'an input' else 'out')
    place.mkdir(exist_ok=True)
    if what == 'an input':  # of the very name that the result of the other has
        write_bag(place / 'drive.bag', [raw(0)])
        (place / 'drive.bag/drive.bag.mcap').touch()
    elif what == 'a result of another verb':
        write_bag(place / 'drive.bag', [raw(0)])
        (place / 'drive.bag/drive.bag.mcap').rename(place / 'drive.bag/drive_0.mcap')
    elif what == 'a folder':
        (place / 'drive.bag').mkdir()
        (place / 'drive.bag/notes.txt').write_text('what I saw')
    else:
        (place / 'drive.bag').write_text('what I saw')
    before = contents(tmp_path)
    assert main(['archive', f'{tmp_path}/in', '-o', str(place), *FAKE]) == 2
    said = capsys.readouterr().err
    assert 'drive.bag is' in said
    assert 'would be lost' in said
    assert said.count('\n') == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize('target', ['out/people.jsonl', 'out.partial/x', 'out.part'])
def test_lines_of_a_bag_are_not_written_into_the_new_one(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bag(tmp_path / 'walk', [raw(0)])
    words = ['bag', f'{tmp_path}/walk', f'{tmp_path}/out', '-p', 'backend:=fake', '--quiet']
    assert main(words) == 0
    before = contents(tmp_path)
    assert main([*words, '--overwrite', '--json', f'{tmp_path}/{target}']) == 2
    assert 'or in it: it would be lost' in capsys.readouterr().err
    assert contents(tmp_path) == before


def ended(arguments: list[str]) -> int:
    """Run a verb; argparse leaves by an exception."""
    try:
        return main(arguments)
    except SystemExit as exc:
        return int(exc.code or 0)


def test_estimate_protects_what_is_no_picture_but_was_named_as_one(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    data = tmp_path / 'data.json'
    data.write_text('[1]')
    assert main(['estimate', str(make_picture()), str(data), '--json', str(data), *FAKE]) == 2
    assert data.read_text() == '[1]'


def test_estimate_protects_what_is_known_of_engines(
    make_picture: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))
    told = tmp_path / 'engines/pose.engine.json'
    told.parent.mkdir()
    told.write_text('{}')
    assert main(['estimate', str(make_picture()), '--json', str(told), *FAKE]) == 2
    assert told.read_text() == '{}'


def test_estimate_protects_every_picture_of_a_folder(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    second = make_picture('in/b.png')
    make_picture('in/a.png')
    os.link(second, tmp_path / 'people.json')
    before = contents(tmp_path)
    assert (
        main(['estimate', str(tmp_path / 'in'), '--json', f'{tmp_path}/people.json', *FAKE]) == 2
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize('kind', ['hard', 'symbolic'])
@pytest.mark.parametrize('name', ['photo.png', 'photo_keypoints.json', 'walk.mp4'])
def test_estimate_never_writes_through_a_link_to_its_source(
    make_picture: MakeFile,
    make_video: MakeFile,
    tmp_path: Path,
    name: str,
    kind: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo, walk, out = make_picture(), make_video(), tmp_path / 'out'
    out.mkdir()
    source = walk if name == 'walk.mp4' else photo
    if kind == 'hard':
        os.link(source, out / name)
    else:
        (out / name).symlink_to(source)
    before = contents(tmp_path)
    assert main(['estimate', str(photo), str(walk), '--output', str(out), *FAKE]) == 2
    assert f'is {source}, which this command reads' in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_estimate_never_writes_a_frame_over_an_input(
    make_picture: MakeFile, make_video: MakeFile, tmp_path: Path
) -> None:
    photo, walk, out = make_picture(), make_video(), tmp_path / 'out'
    out.mkdir()
    (out / 'walk_000000000003_keypoints.json').symlink_to(photo)
    before = photo.read_bytes()
    assert main(['estimate', str(walk), str(photo), '--output', str(out), *FAKE]) == 2
    assert photo.read_bytes() == before
    assert len(list(out.iterdir())) == 1, 'nothing was begun'


@pytest.mark.parametrize('name', ['photo.png', 'photo_keypoints.json', 'link.json'])
def test_estimate_refuses_two_results_in_one_file(
    make_picture: MakeFile, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = make_picture(), tmp_path / 'out'
    out.mkdir()
    (out / 'link.json').symlink_to('photo_keypoints.json')
    arguments = ['--output', str(out), '--json', str(out / name)]
    assert main(['estimate', str(photo), *arguments, *FAKE]) == 2
    assert 'the same file, for two results' in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ['link.json']


def test_estimate_into_no_folder_is_not_into_this_one(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(['estimate', str(make_picture()), '--output', '', *FAKE]) == 2
    assert 'argument --output: it is empty' in capsys.readouterr().err


def test_estimate_follows_links_that_lead_elsewhere(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    photo, out, disk = make_picture(), tmp_path / 'out', tmp_path / 'disk'
    out.mkdir()
    disk.mkdir()
    for name in ('photo.png', 'people.json'):
        (out / name).symlink_to(disk / name)
    arguments = ['--output', str(out), '--json', str(out / 'people.json')]
    assert main(['estimate', str(photo), *arguments, *FAKE]) == 0
    assert sorted(contents(disk)) == ['people.json', 'photo.png']
    assert (out / 'photo.png').is_symlink()
    assert (out / 'people.json').is_symlink()


def test_estimate_writes_lines_into_a_pipe(make_video: MakeFile, tmp_path: Path) -> None:
    pipe, heard = tmp_path / 'pipe', []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    assert main(['estimate', str(make_video(frames=3)), '--json', str(pipe), *FAKE]) == 0
    reader.join()
    assert [json.loads(line)['frame'] for line in heard[0].splitlines()] == [0, 1, 2]
    assert pipe.is_fifo()


RUN = """
import resource, sys
from openpose_ros.cli import main
largest = int(sys.argv.pop(1))
if largest:
    import openpose_ros.estimator  # before: what it compiles is larger
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
sys.exit(main())
"""


def run(
    *arguments: str, largest: int = 0, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end; with no file above `largest` bytes, as if the disk were full then."""
    return subprocess.run(
        [sys.executable, '-c', RUN, str(largest), *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize('name', ['/dev/stdout', '-', '/proc/self/fd/1'])
def test_estimate_adds_to_a_redirected_standard_output(
    make_picture: MakeFile, tmp_path: Path, name: str
) -> None:
    log = tmp_path / 'log'
    log.write_text('before\n')
    with log.open('ab') as file:
        done = run('estimate', str(make_picture()), '--json', name, *FAKE, stdout=file.fileno())
    assert done.returncode == 0, done.stderr
    first, second = log.read_text().splitlines()
    assert first == 'before'
    assert json.loads(second)['frame'] == 0


def test_estimate_never_appends_to_its_source(make_picture: MakeFile) -> None:
    photo = make_picture()
    before = photo.read_bytes()
    with photo.open('ab') as file:
        done = run('estimate', str(photo), '--json', '-', *FAKE, stdout=file.fileno())
    assert done.returncode == 2
    assert done.stderr.count('\n') == 1
    assert photo.read_bytes() == before


def test_full_disk_leaves_no_half_picture_or_lines(make_picture: MakeFile, tmp_path: Path) -> None:
    for number in range(8):
        make_picture(f'in/{number}.png', (200, 150))
    out, lines = tmp_path / 'out', tmp_path / 'people.jsonl'
    lines.write_text('[]\n')
    arguments = ['--output', str(out), '--json', str(lines), *FAKE]
    done = run('estimate', str(tmp_path / 'in'), *arguments, largest=3000)
    assert done.returncode == 1
    [said] = [line for line in done.stderr.splitlines() if 'cannot write' in line]
    assert said.endswith('File too large')
    assert 'Traceback' not in done.stderr
    assert lines.read_text() == '[]\n'
    assert not lines.with_name('people.jsonl.part').exists()
    for name, data in contents(out).items():
        if name.endswith('.json'):
            json.loads(data)
        else:
            assert read_picture(out / name).shape == (150, 200, 3)


def test_full_disk_keeps_whole_lines_of_a_stream(make_video: MakeFile, tmp_path: Path) -> None:
    lines, part = tmp_path / 'people.jsonl', tmp_path / 'people.jsonl.part'
    stream = make_video(frames=60).as_uri()
    done = run('estimate', stream, '--json', str(lines), *FAKE, largest=10_000)
    assert done.returncode == 1
    assert f'File too large; what came before is kept in {part}\n' in done.stderr
    assert not lines.exists()
    found = [json.loads(line)['frame'] for line in part.read_text().splitlines()]
    assert found == list(range(len(found)))
    assert len(found) > 1


def test_full_disk_leaves_no_half_video(make_video: MakeFile, tmp_path: Path) -> None:
    walk, out = make_video(frames=60), tmp_path / 'out'
    out.mkdir()
    shutil.copy(walk, out / 'walk.mp4')
    before = contents(out)['walk.mp4']
    done = run('estimate', str(walk), '--output', str(out), *FAKE, largest=20_000)
    assert done.returncode == 1
    assert 'walk.mp4 is not whole' in done.stderr
    assert 'Traceback' not in done.stderr
    assert contents(out).pop('walk.mp4') == before
    assert not list(out.glob('*.part*'))


@pytest.mark.parametrize('name', ['own.onnx', 'own.json', 'bones.json', 'holiday.jpg', ''])
def test_doctor_never_writes_json_over_another_file(
    make_picture: MakeFile,
    model: Path,
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_picture('holiday.jpg')
    before = contents(tmp_path)
    target = f'{tmp_path}/{name}' if name else ''
    assert ended(['doctor', '--model', str(model), '--json', target]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count('\n')) == ('', 1)
    assert contents(tmp_path) == before


def test_doctor_writes_json_into_a_file_and_lines_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, '_CHECKS', {'one': (lambda: [Finding('a', 'ok', 'found')],)})
    monkeypatch.setattr(models, 'check_estimate', lambda model: [Finding('b', 'ok', 'runs')])
    path = tmp_path / 'report.json'
    path.write_text('{}')
    assert main(['doctor', '--json', str(path)]) == 0
    assert [item['name'] for item in json.loads(path.read_text())['findings']] == ['a', 'b']
    assert '  ok       a' in capsys.readouterr().out
    assert main(['doctor', '--json', '-']) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_text())


def test_doctor_writes_nothing_but_json_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, '_CHECKS', {})
    monkeypatch.setattr(models, 'check_estimate', lambda model: [Finding('b', 'ok', 'runs')])
    (tmp_path / 'link').symlink_to('/dev/stdout')
    for name in ('-', '/dev/stdout', str(tmp_path / 'link')):
        assert main(['doctor', '--json', name]) == 0
        assert json.loads(capfd.readouterr().out)['can_estimate']


@pytest.mark.parametrize('name', ['photo.png', 'photo_keypoints.json'])
def test_demo_never_writes_through_a_link_to_its_photograph(
    make_picture: MakeFile, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = make_picture(), tmp_path / 'out'
    out.mkdir()
    os.link(photo, out / name)
    before = contents(tmp_path)
    assert main(['demo', str(photo), '--output', str(out)]) == 2
    assert f'is {photo}, which this command reads' in capsys.readouterr().err
    assert contents(tmp_path) == before


def small_ir(folder: Path) -> Path:
    """Write a network as OpenVINO IR."""
    pytest.importorskip('openvino', reason='needs the extra openvino')
    from openvino import opset8

    from tests.models.networks import write_ir

    return write_ir(folder / 'net.xml', opset8.relu)


@pytest.mark.parametrize('name', ['net.xml', 'net.bin', 'net.json', 'bones.json', 'hard.onnx'])
def test_import_never_writes_over_what_it_reads(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ir = small_ir(tmp_path)
    os.link(ir, tmp_path / 'hard.onnx')
    (tmp_path / 'bones.json').write_text('{}')
    (tmp_path / 'net.json').write_text('{"skeleton": "bones.json"}')
    before = contents(tmp_path)
    assert main(['models', 'import', str(ir), '--output', str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert 'this command reads: it would be lost' in captured.err
    assert captured.err.count('\n') == 1
    assert contents(tmp_path) == before


def test_import_replaces_networks_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ir, thesis, new = small_ir(tmp_path), tmp_path / 'thesis.tex', tmp_path / 'new.onnx'
    thesis.write_text('years of work')
    assert main(['models', 'import', str(ir), '--output', str(thesis)]) == 2
    assert 'thesis.tex is there already and is no network' in capsys.readouterr().err
    assert thesis.read_text() == 'years of work'
    new.touch()
    for _ in range(2):
        assert main(['models', 'import', str(ir), '--output', str(new)]) == 0


def test_import_follows_a_link_and_leaves_no_half_file(tmp_path: Path) -> None:
    ir, out = small_ir(tmp_path), tmp_path / 'disk/net.onnx'
    out.parent.mkdir()
    link = tmp_path / 'link.onnx'
    link.symlink_to(out)
    assert main(['models', 'import', str(ir), '--output', str(out)]) == 0
    before = contents(out.parent)
    done = run('models', 'import', str(ir), '--output', str(link), largest=100)
    assert done.returncode == 1
    assert done.stderr.endswith('link.onnx: File too large\n')
    assert contents(out.parent) == before
    assert main(['models', 'import', str(ir), '--output', str(link)]) == 0
    assert link.is_symlink()
    assert onnx.load(out).graph.node


@pytest.mark.parametrize('name', ['-', '/dev/stdout'])
def test_import_to_standard_output_is_the_model_and_no_more(tmp_path: Path, name: str) -> None:
    ir, out = small_ir(tmp_path), tmp_path / 'net.onnx'
    with out.open('wb') as file:
        done = run('models', 'import', str(ir), '--output', name, stdout=file.fileno())
    assert (done.returncode, done.stderr) == (0, '')
    assert onnx.load(out).graph.node

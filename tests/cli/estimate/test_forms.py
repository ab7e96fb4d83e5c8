"""Tables and COCO's forms as a user asks for them."""

from __future__ import annotations

from collections.abc import Callable
import csv
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

from pycocotools.coco import COCO
import pytest

from openpose_ros.cli import main

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']  # three people who stand still, whatever the picture


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Return annotations of a.png and b.png, without people."""
    path = tmp_path / 'truth.json'
    images = [{'id': 7, 'file_name': 'a.png'}, {'id': 3, 'file_name': 'b.png'}]
    category = {'id': 1, 'name': 'person', 'keypoints': ['nose', 'left_wrist']}
    path.write_text(json.dumps({'images': images, 'annotations': [], 'categories': [category]}))
    return path


def test_estimate_writes_all_forms_of_the_same_people(
    make_picture: MakeFile, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ('in/a.png', 'in/b.png', 'in/c.png'):
        folder = make_picture(name).parent
    table, dataset, results, lines = (tmp_path / name for name in ('t.csv', 'd', 'r', 'l'))
    status = main([
        *('estimate', str(folder), '--json', str(lines), '--csv', str(table)),
        *('--coco', str(dataset), '--coco-results', str(results), '--coco-truth', str(truth)),
        *FAKE,
    ])  # fmt: skip
    assert status == 0
    captured = capsys.readouterr()
    assert captured.out == ''
    assert f'not in {truth}, and left out of {results}: {folder}/c.png\n' in captured.err
    found: list[dict[str, Any]] = [json.loads(line) for line in lines.read_text().splitlines()]
    keypoints = [
        (Path(line['source']).name, str(person), [str(number) for number in row])
        for line in found
        for person, who in enumerate(line['people'])
        for row in who['keypoints']
        if row[2]
    ]
    assert len(keypoints) > 9
    assert keypoints == [
        (Path(row['source']).name, row['person'], [row['x'], row['y'], row['score']])
        for row in rows(table)
    ]
    coco = COCO(str(dataset))
    assert [image['file_name'] for image in coco.dataset['images']] == ['a.png', 'b.png', 'c.png']
    assert len(coco.getAnnIds(imgIds=[2])) == 3
    loaded = COCO(str(truth)).loadRes(str(results))
    assert {ann['image_id'] for ann in loaded.dataset['annotations']} == {3, 7}
    assert len(loaded.dataset['annotations']) == 6


def test_estimate_writes_a_table_of_a_video_to_standard_output(
    make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['estimate', str(make_video()), '--csv', '-', '--max-frames', '2', *FAKE]) == 0
    table = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row['frame'] for row in table} == {'0', '1'}


WRONG = [  # arguments, what the one line says
    (['--coco-results', 'r.json'], '--coco-results FILE and --coco-truth TRUTH go together'),
    (['--coco-truth', 'truth.json'], '--coco-results FILE and --coco-truth TRUTH go together'),
    (['--json', '-', '--csv', '-'], 'only one form can go to standard output'),
    (['--csv', 'photo.png'], 'photo.png is what this command reads'),
    (['--coco', 'mine.txt'], 'mine.txt is there already and is not JSON'),
    (['--csv', 'mine.txt'], 'mine.txt is there already and is no table of people'),
    (['--csv', '-', '--json', '/dev/stdout'], 'only one form can go to standard output'),
    (['--csv', '-', '--coco', '/proc/self/fd/1'], 'only one form can go to standard output'),
    (['--csv', 'x', '--coco', './x'], './x and x are the same file, for two results'),
    (['--coco-results', 'truth.json', '--coco-truth', 'truth.json'], 'is what this command reads'),
    (['--coco-results', 'r.json', '--coco-truth', 'truth.json'], 'no source is a picture of'),
]


@pytest.mark.parametrize(('arguments', 'says'), WRONG)
def test_estimate_refuses_forms_before_it_begins(
    make_picture: MakeFile,
    truth: Path,
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(make_picture().parent)
    Path('mine.txt').write_text('mine')
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert main(['estimate', 'photo.png', *arguments, *FAKE]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_estimate_keeps_forms_after_ctrl_c(make_video: MakeFile, tmp_path: Path) -> None:
    path, table, dataset = make_video(frames=2000), tmp_path / 't.csv', tmp_path / 'd.json'
    process = subprocess.Popen(
        [
            *(sys.executable, '-m', 'openpose_ros', 'estimate', str(path), '--csv', str(table)),
            *('--coco', str(dataset), *FAKE),
        ],
        stderr=subprocess.PIPE,
        env={**os.environ},
    )
    part, deadline_s = tmp_path / 't.csv.part', time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130), said
    frames = {row['frame'] for row in rows(table)}
    images = json.loads(dataset.read_text())['images']
    assert 0 < len(frames) == len(images) < 2000

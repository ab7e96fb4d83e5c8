"""
A checkpoint into the package: both networks, manifests, the tables and the picture of the docs.

    python -m training.ship CHECKPOINT --data PACK [--data PACK …] [--sports PACK]

The pictures of --data calibrate the int8 form, those of --sports are held out and measured on.
What changes in the checkout is one commit.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from openpose_ros.models.finding import DEFAULT_MODEL, DEFAULT_ON_CPU, file_sha256
from openpose_ros.models.manifest import fields_of_metadata
from training.export import METADATA, export, load_network
from training.quantise import calibration_batches, quantise

ROOT = Path(__file__).parents[1]
BOX = ROOT / 'openpose_ros/models/data'
_log = logging.getLogger(__name__)


def manifest(network: Path, description: str) -> dict[str, Any]:
    """Return what the manifest beside a network of ours says, of a file that lies there."""
    return {
        'name': network.stem,
        'description': description,
        'file': network.name,
        'sha256': file_sha256(network),
        'size': network.stat().st_size,
        'homepage': 'training/MODEL_CARD.md',
        **fields_of_metadata(METADATA),
    }


def fill(box: Path, checkpoint: Path, packs: list[Path]) -> None:
    """Write both networks of a checkpoint, and a manifest beside each."""
    full, small = box / f'{DEFAULT_MODEL}.onnx', box / f'{DEFAULT_ON_CPU}.onnx'
    network = load_network(checkpoint)
    with TemporaryDirectory() as folder:  # there, nothing is compared with the manifests of old
        float32, int8 = Path(folder, 'float32.onnx'), Path(folder, 'int8.onnx')
        export(network, float32)
        quantise(float32, int8, calibration_batches(float32, packs))
        shutil.copyfile(float32, full)
        shutil.copyfile(int8, small)
    parameters = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    descriptions = {
        full: f'our own, in the package: MobileNet v1 cut at stride 8, {parameters:.2f} M '
        'parameters, float32; normalisation is in the graph',
        small: f'{full.stem} in int8, for CPUs: what they run where no network is named',
    }
    for path, description in descriptions.items():
        text = json.dumps(manifest(path, description), indent=2)
        path.with_suffix('.json').write_text(f'{text}\n', encoding='utf-8')
        _log.info('%s: %d bytes', path.relative_to(box.parent), path.stat().st_size)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('--data', type=Path, action='append', required=True, metavar='PACK')
    parser.add_argument('--sports', type=Path, metavar='PACK')
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    fill(BOX, arguments.checkpoint, arguments.data)
    # In processes of their own: what this one knows of the manifests is what was there before.
    sports = ['--sports', str(arguments.sports.resolve())] if arguments.sports else []
    for command in (
        ['-m', 'tests.docs.test_tables'],
        ['-m', 'benchmarks.update_docs', 'networks', '--incomplete', *sports],
        ['-m', 'docs.render'],
    ):
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)


if __name__ == '__main__':
    main()

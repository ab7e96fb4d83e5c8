"""
The teacher's maps of every picture of a pack, computed once and kept as int8.

    python -m training.teacher_maps PACK TEACHER.onnx OUTPUT

Each picture is shown to the teacher enlarged by its `scale`; maps of smaller pictures are derived
from those (`training.rescale`). With --scales 0.5 1 2 it is shown at those multiples of it, and of
each cell the size counts at which the person there is seen best (`training.scales`).

Shards are written one after the other, so that training can
begin with the first of them and an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
import logging
from pathlib import Path

import cv2
import numpy as np

from training.pack import Picture, read_pack
from training.rescale import shrink_maps

STRIDE = 8
PAD_VALUE = 128  # human-pose-estimation-0001 was trained with this border
LEVEL_RATIOS = (1.0, 0.75, 0.5625, 0.4219, 0.3164, 0.2373)
HEATMAPS, PAFS = 19, 38
INT8_ONE = 127.0
SHARD_PICTURES = 250

Teacher = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
_log = logging.getLogger(__name__)


def open_teacher(path: Path, *, threads: int = 2, flip: bool = False) -> Teacher:
    """
    Load an ONNX teacher: a function from uint8 (H, W, 3) BGR to heatmaps and PAFs.

    Parameters
    ----------
    path : Path
        The network; input float32 (1, 3, H, W) BGR 0 to 255, outputs `heatmaps` and `pafs`.
    threads : int
        Of ONNX Runtime on the CPU; CUDA is used where it is.
    flip : bool
        Average with the maps of the mirrored picture: better, at twice the time.

    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    wanted = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    name = session.get_inputs()[0].name

    def infer(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tensor = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
        heatmaps, pafs = session.run(['heatmaps', 'pafs'], {name: tensor})
        return heatmaps[0], pafs[0]

    def infer_both(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from training.skeleton import mirror_maps

        straight, mirrored = infer(image), mirror_maps(*infer(image[:, ::-1]))
        return (straight[0] + mirrored[0]) / 2, (straight[1] + mirrored[1]) / 2

    return infer_both if flip else infer


def mark(picture: Picture, teacher: Teacher) -> list[np.ndarray]:
    """
    Compute one picture's maps at every level.

    Returns
    -------
    list of int8 (57, h, w)
        One array per ratio of `LEVEL_RATIOS`; cells cover the whole enlarged picture, rounded up.

    """
    heatmaps, pafs = show(picture.pixels(), teacher, picture.scale)
    cells = heatmaps.shape[1:]
    levels = []
    for ratio in LEVEL_RATIOS:
        size = (-(-round(cells[0] * ratio * 100) // 100), -(-round(cells[1] * ratio * 100) // 100))
        levels.append(_rounded(np.concatenate(shrink_maps(heatmaps, pafs, size, ratio=ratio))))
    return levels


def mark_at_sizes(picture: Picture, teacher: Teacher, scales: Sequence[float]) -> list[np.ndarray]:
    """
    Compute one picture's targets from what the teacher sees at several sizes.

    Parameters
    ----------
    picture : Picture
        Its own `scale` is the size called 1.
    teacher : Teacher
        See `open_teacher`.
    scales : sequence of float
        Multiples of that size.

    Returns
    -------
    list of int8 (57, h, w)
        One array per ratio of `LEVEL_RATIOS` to the largest of `scales`.

    """
    from training.scales import combine

    image = picture.pixels()
    seen = [
        (scale, np.concatenate(show(image, teacher, picture.scale * scale))) for scale in scales
    ]
    base = (image.shape[0] * picture.scale, image.shape[1] * picture.scale)
    wanted = [max(scales) * ratio for ratio in LEVEL_RATIOS]
    return [_rounded(maps) for maps in combine(seen, wanted, base)]


def show(image: np.ndarray, teacher: Teacher, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """
    Show a teacher an enlarged or shrunk picture.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        BGR.
    teacher : Teacher
        See `open_teacher`.
    scale : float
        Of the picture; it is padded at right and bottom to whole cells.

    Returns
    -------
    (float32 (19, h, w), float32 (38, h, w))
        Heatmaps and PAFs.

    """
    height, width = (max(STRIDE, round(n * scale)) for n in image.shape[:2])
    shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(image, (width, height), interpolation=shrinking)
    cells = (-(-height // STRIDE), -(-width // STRIDE))
    padded = np.full((cells[0] * STRIDE, cells[1] * STRIDE, 3), PAD_VALUE, np.uint8)
    padded[:height, :width] = resized
    return teacher(padded)


def _rounded(maps: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(maps * INT8_ONE), -127, 127).astype(np.int8)


def write_shards(
    pack: Path,
    teacher: Teacher,
    output: Path,
    *,
    threads: int = 1,
    scales: Sequence[float] = (),
) -> None:
    """
    Mark every picture of a pack that has no maps yet; `mark` describes the arrays.

    Parameters
    ----------
    pack : Path
        See `training.pack`.
    teacher : Teacher
        Called from `threads` threads at a time.
    output : Path
        Made if missing; whole shards in it are kept.
    threads : int
        More than one pays where the teacher runs on a GPU.
    scales : sequence of float
        See `mark_at_sizes`; none for `mark`.

    """

    def marked_as_asked(picture: Picture) -> list[np.ndarray]:
        return mark_at_sizes(picture, teacher, scales) if scales else mark(picture, teacher)

    output.mkdir(parents=True, exist_ok=True)
    pictures = list(read_pack(pack))
    order = np.random.default_rng(0).permutation(len(pictures))
    for number, first in enumerate(range(0, len(order), SHARD_PICTURES)):
        index = output / f'shard-{number:03d}.npz'
        if index.exists():
            continue
        chosen = order[first : first + SHARD_PICTURES]
        with ThreadPoolExecutor(threads) as pool:
            marked = list(pool.map(lambda i: marked_as_asked(pictures[i]), chosen))
        shapes = np.array([[maps.shape for maps in levels] for levels in marked])
        with (output / f'shard-{number:03d}.maps').open('wb') as file:
            for levels in marked:
                for maps in levels:
                    file.write(maps.tobytes())
        # Last: its presence says that the shard is whole.
        np.savez(index, picture=chosen, shapes=shapes, top=max(scales, default=1.0))
        _log.info('shard %d: %d pictures', number, len(chosen))


def read_shards(folder: Path) -> dict[int, list[tuple[float, np.ndarray]]]:
    """
    Open the maps that are there.

    Returns
    -------
    dict of int to list of (float, int8 (57, h, w))
        By the picture's place in its pack: enlargements beside the picture's `scale` (ratios of
        `LEVEL_RATIOS` times the shard's `top`) and maps, 19 heatmaps, then 38 PAFs; 127 is 1.
        Views of a memory-mapped file, read-only.

    Raises
    ------
    FileNotFoundError
        If no shard is complete.

    """
    levels_of: dict[int, list[tuple[float, np.ndarray]]] = {}
    for index in sorted(Path(folder).glob('shard-*.npz')):
        with np.load(index) as shard:
            chosen, shapes = shard['picture'], shard['shapes']
            top = float(shard['top']) if 'top' in shard else 1.0
        flat = np.memmap(index.with_suffix('.maps'), np.int8, 'r')
        start = 0
        for number, picture_shapes in zip(chosen, shapes, strict=True):
            levels = []
            for ratio, shape in zip(LEVEL_RATIOS, picture_shapes, strict=True):
                maps = flat[start : start + int(shape.prod())].reshape(shape)
                levels.append((top * ratio, maps))
                start += maps.size
            levels_of[int(number)] = levels
    if not levels_of:
        raise FileNotFoundError(f'no shard-*.npz in {folder}: run python -m training.teacher_maps')
    return levels_of


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('pack', type=Path)
    parser.add_argument('teacher', type=Path)
    parser.add_argument('output', type=Path)
    parser.add_argument('--flip', action='store_true', help='average with the mirrored picture')
    parser.add_argument(
        '--scales', type=float, nargs='+', default=[], metavar='S', help='such as 0.5 1 2'
    )
    parser.add_argument('--threads', type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    teacher = open_teacher(arguments.teacher, threads=arguments.threads, flip=arguments.flip)
    write_shards(arguments.pack, teacher, arguments.output, scales=arguments.scales)


if __name__ == '__main__':
    main()

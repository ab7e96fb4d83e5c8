"""
Damage networks of every format in thousands of ways, and see that none kills, hangs or swallows.

`python -m benchmarks.fuzz [--count 1000] [--seed 0] [FORMAT…]`. What becomes of a damaged file is
a ModelError of one line, or an ONNX file that onnx.checker accepts. The networks are those of the
tests, of an eighth of the widths. Each format runs in a process of its own with little memory:
what ends it is named by its number, and `--write FOLDER` writes it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
import io
import json
import os
from pathlib import Path
import re
import sys
from tempfile import TemporaryDirectory
from typing import Any
import zipfile

import numpy as np

from benchmarks.damaging import ROOT, Outcome, limit_memory, tell
from openpose_ros.errors import ModelError
from openpose_ros.models import import_model

MODULE = 'benchmarks.fuzz'
ROOM = 1 << 30  # bytes that the process may have beyond what it has when it begins
SLOW_S = 10.0  # of CPU; a whole network takes less than one
_EXTREMES = (b'\0', b'\xff', b'\x7f', b'\x80', b'\x01')
_WORD = re.compile(rb'[A-Za-z_][\w./]{2,}')  # where a file says something, it says it by names
Files = dict[str, bytes]
"""A network: the file that is imported first, then those that belong to it."""


def _caffe() -> list[Files]:
    from tests.models.importing.caffe import networks

    made = networks.two_branches(networks.EIGHTH, 38, 19, 2)
    weights = networks.with_weights(made).SerializeToString()
    various = networks.with_weights(networks.various())
    text = str(networks.without_weights(various)).encode()
    return [
        {'net.caffemodel': weights},
        {'net.caffemodel': various.SerializeToString(), 'net.prototxt': text},
    ]


def _keras() -> list[Files]:
    from tests.models.importing.keras import networks

    config, held = networks.reproduction(networks.EIGHTH, stages=2)
    found = []
    with TemporaryDirectory() as folder:
        for whole, more in ((True, {}), (False, {'compression': 'gzip', 'shuffle': True})):
            path = networks.write(Path(folder) / f'{whole}.h5', config, held, whole=whole, **more)
            found.append({'net.h5': path.read_bytes()})
    return found


def _tensorflow() -> list[Files]:
    from tests.models.importing.tensorflow import networks, various

    made = [networks.mobilenet_v2(networks.EIGHTH), *(make() for make in various.CASES.values())]
    return [{'net.pb': graph.SerializeToString()} for graph in made]


def _tfjs() -> list[Files]:
    from tests.models.importing.tfjs import cases

    found = []
    with TemporaryDirectory() as folder:
        for case in ('mobilenet-32', 'mobilenet-16-uint8', 'layers'):
            place = Path(folder) / case
            place.mkdir()
            model = cases.write(case, place)
            rest = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
            found.append({model.name: rest.pop(model.name), **rest})
    return found


def _torch(*names: str) -> list[Files]:
    """Return files that PyTorch wrote; the one of a network is in the older form."""
    folder = ROOT / 'tests/models/importing/torch'
    return [{'net.pth': (folder / name).read_bytes()} for name in names]


def _safetensors() -> list[Files]:
    from tests.models.importing.caffe import networks
    from tests.models.importing.safetensors.test_reading import file_of

    net = networks.with_weights(networks.two_branches(networks.EIGHTH, 38, 19, 2))
    tensors = {
        f'{layer.name}.{role}': np.reshape(np.float32(blob.data), [*blob.shape.dim])
        for layer in net.layer
        for role, blob in zip(('weight', 'bias'), layer.blobs)
    }
    return [{'net.safetensors': file_of(tensors)}]


def _openvino_ir() -> list[Files]:
    from tests.models.importing.openvino_ir.test_to_onnx import convolve, eight_bits
    from tests.models.networks import write_ir

    found = []
    with TemporaryDirectory() as folder:
        for number, make in enumerate((convolve, eight_bits)):
            path = write_ir(Path(folder) / f'{number}.xml', make)
            parts = (path, path.with_suffix('.bin'))
            found.append({f'net{part.suffix}': part.read_bytes() for part in parts})
    return found


SEEDS: Mapping[str, Callable[[], list[Files]]] = {
    'caffe': _caffe,
    'keras': _keras,
    'openvino-ir': _openvino_ir,
    'safetensors': _safetensors,
    'tensorflow': _tensorflow,
    'tfjs': _tfjs,
    'torch-zip': lambda: _torch('tensors-zip.pth'),
    'torch-stream': lambda: _torch('lightweight.pth', 'tensors-stream.pth'),
}


def damaged(files: Files, rng: np.random.Generator) -> Files:
    """Return a network with a file of it damaged, the first one most often."""
    names = [*files]
    name = names[0] if rng.random() < 0.7 else names[int(rng.integers(len(names)))]
    data = files[name]
    if data.startswith(b'PK') and rng.random() < 0.7:
        changed = _damaged_member(data, rng)
    elif name.endswith('.json') and rng.random() < 0.8:
        changed = _damaged_json(data, rng)
    else:
        changed = _damaged_bytes(data, rng)
    return {**files, name: changed}


def _damaged_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to four damages: at the start, at names, or anywhere."""
    changed = bytearray(data)
    words = [match.start() for match in _WORD.finditer(data)]
    for _ in range(max(1, rng.integers(-2, 5))):
        where = rng.random()
        if where < 0.2:
            at = int(rng.integers(0, min(len(changed), 199) + 1))
        elif where < 0.8 and words:
            at = max(0, words[int(rng.integers(len(words)))] + int(rng.integers(-12, 13)))
        else:
            at = int(rng.integers(0, len(changed) + 1))
        length = int(rng.integers(1, 9))
        kind = rng.integers(0, 7 if rng.random() < 0.3 else 4)  # seldom what moves all the rest
        if kind == 0:
            changed[at : at + 1] = rng.bytes(1)
        elif kind == 1:
            changed[at : at + length] = rng.choice(_EXTREMES) * length
        elif kind == 2:
            changed[at : at + 4] = rng.bytes(4)
        elif kind == 3:
            changed[at : at + 8] = (1 << int(rng.integers(0, 64))).to_bytes(8, 'little')
        elif kind == 4:
            del changed[at : at + length * 8]
        elif kind == 5:
            changed[at:at] = changed[at : at + length * 16]
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def _damaged_member(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a zip whose checksums are right, or nothing would look further."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(target, 'w') as made:
        names = given.namelist()
        chosen = next(name for name in names if name.endswith('data.pkl'))
        if rng.random() < 0.2:
            chosen = names[int(rng.integers(len(names)))]
        for name in names:
            content = given.read(name)
            made.writestr(name, _damaged_bytes(content, rng) if name == chosen else content)
    return target.getvalue()


def _damaged_json(data: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON with one to four of its values replaced, moved or taken away."""
    document = json.loads(data)
    for _ in range(max(1, rng.integers(-2, 5))):
        places = [*_places(document)]
        holder, key = places[int(rng.integers(len(places)))]
        other, at = places[int(rng.integers(len(places)))]
        kind = rng.integers(0, 4)
        if kind == 0:
            holder[key] = _ODD[int(rng.integers(len(_ODD)))]
        elif kind == 1:
            holder[key] = json.loads(json.dumps(other[at]))
        elif kind == 2 and isinstance(holder[key], (int, float)):
            holder[key] = holder[key] * int(rng.integers(-3, 4))
        else:
            del holder[key]
    return json.dumps(document).encode()


_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 1 << 31, 1 << 63, 1 << 70, 0.5, 1e308, -1e-320),
    *('', 'a', '-1', '3', '../x', 'U0FNRQ==', [], {}, [[]], [0], {'a': 1}),
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = range(len(holder)) if isinstance(holder, list) else [*holder]
        for key in keys:
            yield holder, key
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])


def cases(name: str, seed: int, first: int, count: int) -> Iterator[Files]:
    """Yield damaged networks; each depends on its number alone."""
    whole = SEEDS[name]()
    for number in range(first, first + count):
        yield damaged(whole[number % len(whole)], np.random.default_rng((seed, number)))


def run_here(name: str, seed: int, first: int, count: int) -> Outcome:
    """Import damaged networks; print each one's number before it."""
    if name == 'keras':
        _read_in_forks()
    limit_memory(ROOM)
    outcome = Outcome()
    for number, files in enumerate(cases(name, seed, first, count), first):
        print(number, flush=True)
        with outcome.trying(f'{name} {number}', SLOW_S), TemporaryDirectory() as folder:
            try:
                _import(name, files, Path(folder))
                outcome.done += 1
            except ModelError as exc:
                outcome.refused += 1
                if not str(exc).isprintable():
                    outcome.findings.append(f'{name} {number}: {exc!r}')
    return outcome


def _import(name: str, files: Files, folder: Path) -> None:
    import onnx

    for part, data in files.items():
        (folder / part).write_bytes(data)
    [source, *_] = files
    prototxt = folder / 'net.prototxt'
    output = import_model(
        folder / source,
        folder / 'imported.onnx',
        kind=name.partition('-')[0] if name.startswith('torch') else name,
        prototxt=prototxt if prototxt.is_file() else None,
    )
    onnx.checker.check_model(str(output), full_check=True)


def _read_in_forks() -> None:
    """Let a fork of this process read HDF5 rather than a new one, which would take a second."""
    import h5py  # noqa: F401  once, for all forks

    from openpose_ros.models.importing.keras import child, hdf5
    from openpose_ros.models.importing.limits import MOST_BYTES, MOST_NESTING, MOST_TENSORS

    def run(path: Path) -> memoryview:
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            with suppress(BaseException):
                os.close(reading)
                sys.stdout = open(writing, 'w')  # noqa: SIM115  until this process ends
                child.main(str(path), MOST_BYTES, MOST_TENSORS, MOST_NESTING)
                os._exit(0)
            os._exit(1)
        os.close(writing)
        with open(reading, 'rb') as stream:
            content = hdf5._received(stream.fileno())
        hdf5._check_status(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        return memoryview(content)

    hdf5._run = run


def write(folder: Path, name: str, seed: int, first: int, count: int) -> None:
    """Write damaged networks, a folder each."""
    for number, files in enumerate(cases(name, seed, first, count), first):
        place = folder / f'{name}_{number}'
        place.mkdir(parents=True)
        for part, data in files.items():
            (place / part).write_bytes(data)


def main() -> int:
    return tell(MODULE, list(SEEDS), about='networks', count=1000, run_here=run_here, write=write)


if __name__ == '__main__':
    sys.exit(main())

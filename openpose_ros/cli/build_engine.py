"""The verb `build-engine`: a TensorRT engine of a model, into the cache that the node looks in."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from openpose_ros.cli.parameters import net_resolution, whole_number
from openpose_ros.cli.results import file_path
from openpose_ros.errors import EngineError, MissingError, ParameterError
from openpose_ros.files import Claims
from openpose_ros.models import load_model
from openpose_ros.models.finding import files_of

if TYPE_CHECKING:
    from openpose_ros.engine.tensorrt.cache import CachedEngine
    from openpose_ros.engine.tensorrt.library import Library
    from openpose_ros.engine.tensorrt.memory import Gpu
    from openpose_ros.engine.tensorrt.progress import OnProgress
    from openpose_ros.signals import Stop

SUMMARY = 'build a TensorRT engine of a network, for this GPU or another'
EXAMPLES = (
    ('build-engine human-pose-estimation-0001', 'in float16, for the GPU of this machine'),
    (
        'build-engine mine.onnx --net-resolution 656x368 --fixed',
        'one input size only, which is a little faster',
    ),
    (
        'build-engine mine.onnx --library tensorrt_rtx --target sm_86 --output mine.engine',
        'for a GPU that is not here',
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'model',
        nargs='?',
        metavar='MODEL',
        help='name, or path of an ONNX file (default: the network that estimate takes)',
    )
    parser.add_argument(
        '--precision',
        choices=('fp16', 'fp32'),
        help='what the layers compute in (default fp16; for an int8 network fp32, which leaves it '
        'int8)',
    )
    sizes = parser.add_argument_group('the input')
    sizes.add_argument(
        '--net-resolution',
        type=net_resolution,
        metavar='WxH',
        help="the size it is tuned for, in pixels; -1 for what keeps 16:9 (default: the model's)",
    )
    sizes.add_argument(
        '--min-size',
        type=net_resolution,
        metavar='WxH',
        help='the smallest size it takes (default 128x128)',
    )
    sizes.add_argument(
        '--max-size',
        type=net_resolution,
        metavar='WxH',
        help='the largest size it takes (default: twice --net-resolution)',
    )
    sizes.add_argument(
        '--fixed', action='store_true', help='take --net-resolution only, which is a little faster'
    )
    machine = parser.add_argument_group('the machine')
    machine.add_argument(
        '--device', type=int, default=0, metavar='N', help='which GPU (default %(default)s)'
    )
    machine.add_argument(
        '--target',
        action='append',
        default=[],
        metavar='sm_XX',
        help='build for GPUs of that compute capability, such as sm_86, which need not be here '
        '(tensorrt_rtx only); may be given several times',
    )
    machine.add_argument(
        '--library',
        metavar='NAME',
        help='tensorrt or tensorrt_rtx (default: the first that is installed)',
    )
    machine.add_argument(
        '--workspace',
        type=whole_number,
        metavar='MIB',
        help='how much memory of the GPU a layer may use (default: no limit)',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=file_path,
        metavar='FILE',
        help='write a copy to carry to another machine, with a JSON file beside it: put both into '
        'the folder engines of the cache there (its name must end in .engine)',
    )
    parser.add_argument(
        '--force', action='store_true', help='build even if the cache holds one that fits'
    )
    parser.add_argument('--quiet', action='store_true', help='no progress bar')


def run(args: argparse.Namespace) -> int:
    """Build an engine, or find it built; return the exit status."""
    from openpose_ros.engine.tensorrt.build import build_engine
    from openpose_ros.engine.tensorrt.cache import engine_folder, find_engine, sidecar
    from openpose_ros.engine.tensorrt.half_precision import default_precision
    from openpose_ros.engine.tensorrt.key import make_key
    from openpose_ros.engine.tensorrt.library import load_library
    from openpose_ros.engine.tensorrt.shapes import choose_shapes

    if args.output is not None and args.output.suffix != '.engine':
        raise ParameterError(f"--output is '{args.output}', but must end in .engine")
    spec = load_model(args.model)
    if args.output is not None:
        claims = Claims(files_of(spec.path))
        for path in (args.output, sidecar(args.output)):
            claims.claim(path)
        for path in engine_folder().glob('*'):
            claims.reads(path)
    shapes = choose_shapes(
        spec,
        minimum=args.min_size,
        optimum=args.net_resolution,
        maximum=args.max_size,
        fixed=args.fixed,
    )
    library = load_library(args.library)
    with _opened_gpu(args, library) as gpu:
        key = make_key(
            spec,
            library,
            precision=args.precision or default_precision(spec),
            shapes=shapes,
            gpu=gpu.facts if gpu is not None else None,
            targets=args.target,
        )
        found, reason = find_engine(key, spec.name)
        if found is not None and not args.force:
            print(f'{found.path} is there already, its layers in {found.precision}')
            return _copy(found, args.output, args.stop)
        where = f'{key.gpu} ({key.targets[0]})' if key.gpu else ', '.join(key.targets)
        print(f'{library.title} builds {spec.name} for {where}, {shapes}: {reason or "--force"}')
        started = perf_counter()
        # Raising, so that no half engine is left in the cache; the build is in another thread.
        with (
            _bar(hidden=args.quiet or not library.has_progress_monitor) as on_progress,
            args.stop.raising(),
        ):
            engine = build_engine(
                spec,
                library,
                key,
                gpu=gpu,
                workspace_mib=args.workspace,
                force=args.force,
                on_progress=on_progress,
            )
    print(engine.path)
    print(
        f'layers in {engine.precision}, {engine.size / 1e6:.1f} MB, '
        f'{perf_counter() - started:.0f} s'
    )
    return _copy(engine, args.output, args.stop)


def _copy(engine: CachedEngine, output: Path | None, stop: Stop) -> int:
    from openpose_ros.engine.tensorrt.cache import copy_engine

    if output is not None:
        with stop.raising():
            copy_engine(engine, output)
        print(f'copied to {output}')
    return 0


@contextmanager
def _opened_gpu(args: argparse.Namespace, library: Library) -> Iterator[Gpu | None]:
    """Yield the GPU to build on; none where others are named."""
    if args.target:
        yield None
        return
    from openpose_ros.engine.tensorrt.cuda import find_driver
    from openpose_ros.engine.tensorrt.memory import Gpu

    try:
        gpu = Gpu(find_driver(), args.device)
    except MissingError as exc:
        if not library.targets:
            raise
        raise EngineError(
            f'{exc}; or name the GPU that it is for: --target, one of {", ".join(library.targets)}'
        ) from exc
    try:
        yield gpu
    finally:
        gpu.close()


@contextmanager
def _bar(*, hidden: bool) -> Iterator[OnProgress]:
    from tqdm import tqdm

    form = '{desc:<32.32} {percentage:3.0f}% |{bar}| {elapsed}'
    hide = hidden or not sys.stderr.isatty()
    with tqdm(total=1.0, disable=hide, bar_format=form, leave=False) as bar:

        def show(part: float, what: str) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(part - bar.n)

        yield show

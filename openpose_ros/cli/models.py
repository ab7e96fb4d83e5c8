"""The verb `models`: which networks there are, what is known of them, how to get them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields
from shlex import quote

from openpose_ros.cli.results import file_name
from openpose_ros.commands import command
from openpose_ros.errors import ModelError
from openpose_ros.files.places import find_place
from openpose_ros.models import (
    ModelSpec,
    fetch_model,
    import_model,
    list_models,
    load_model,
    read_onnx_facts,
)
from openpose_ros.models.finding import how_to_get
from openpose_ros.models.importing.detect import KINDS
from openpose_ros.models.importing.importer import FOR_CROPS, PRECISIONS
from openpose_ros.models.manifest import fields_of_metadata

SUMMARY = 'list, show, fetch and import models'
EXAMPLES = (
    ('models list', 'all networks that are known, and which are here'),
    ('models fetch human-pose-estimation-0001', 'a larger network than the one in the package'),
    ('models import pose_iter_584000.caffemodel', "OpenPose's BODY_25, as ONNX"),
)
_SAID = {  # an action: its line in the list of them, and what its own help adds
    'list': (
        'all networks, and whether they are on this machine',
        "AP is COCO's, to compare them with each other; FILE is where a network was found, and "
        'why it cannot run, if so.',
    ),
    'show': (
        'what is known about a network',
        'Origin, licence, input, outputs, and where it is or how to get it.',
    ),
    'fetch': (
        'download the published files of a network',
        'They are compared with their sha256, and turned into ONNX where they are OpenVINO IR; a '
        'download that was cut is taken up again.',
    ),
    'import': (
        'turn a network of another format into ONNX',
        "Caffe's .caffemodel, Keras' .h5, PyTorch's .pth, safetensors, TensorFlow's frozen .pb, "
        'model.json of TensorFlow.js, OpenVINO IR of versions 10 and 11; height and width of the '
        'picture become open.',
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of this verb."""
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    verbs = {
        name: actions.add_parser(name, help=summary, description=f'{summary}. {more}')
        for name, (summary, more) in _SAID.items()
    }
    show, fetch, convert = verbs['show'], verbs['fetch'], verbs['import']
    show.add_argument('model', metavar='MODEL', help='a name from the list, or the path of a file')
    fetch.add_argument('model', metavar='MODEL', help='a name from the list')
    fetch.add_argument('--quiet', action='store_true', help='no progress bar')
    convert.add_argument('file', metavar='FILE', help='the network; of OpenVINO IR the .xml')
    convert.add_argument(
        '--kind', choices=KINDS, help='its format (default: what it is, by its content)'
    )
    convert.add_argument(
        '--prototxt',
        type=file_name,
        metavar='F',
        help="the graph of a Caffe network (default: OpenPose's own, by the names of its layers)",
    )
    convert.add_argument(
        '--stages',
        type=int,
        metavar='N',
        help='how many stages of an OpenPose network to keep (default: all that it has)',
    )
    convert.add_argument('--name', metavar='N', help="what to call it (default: FILE's own name)")
    convert.add_argument(
        '-o',
        '--output',
        type=file_name,
        metavar='FILE',
        help='where to write it (default: NAME.onnx in the cache, where names are looked for)',
    )
    convert.add_argument(
        '--precision',
        choices=PRECISIONS,
        help='what to write its numbers in (default: fp32, or as an IR has them, int8 as QDQ)',
    )


def run(args: argparse.Namespace) -> int:
    """Do one action; return the exit status."""
    return _ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from openpose_ros.engine.opening import why_not

    rows = [('NAME', 'SKELETON', 'LICENCE', 'SIZE', 'AP', 'FILE')]
    for spec in list_models():
        size, ap = _size(spec), '-' if spec.ap is None else f'{spec.ap:.3f}'
        place, lacking = str(spec.path or 'not here'), why_not(spec)
        if lacking:
            place = f'{place}; cannot run: {lacking}'
        rows.append((spec.name, spec.skeleton.name, spec.licence, size, ap, place))
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


def _size(spec: ModelSpec) -> str:
    """Return how large a model is: the one that is here, else the one that its manifest means."""
    size = spec.size
    if spec.path is not None:
        beside = [spec.path.with_suffix('.bin')] if spec.format == 'xml' else []
        size = sum(path.stat().st_size for path in (spec.path, *beside) if path.is_file())
    return '-' if size is None else f'{size / 1e6:.1f} MB'


def _show(args: argparse.Namespace) -> int:
    from openpose_ros.engine.opening import why_not

    spec = load_model(args.model, need_file=False)
    lines = list(_lines(spec))
    if lacking := why_not(spec):
        lines.append(('cannot run', lacking))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f'{name:<{width}}  {value}')
    return 0


def _lines(spec: ModelSpec) -> Iterator[tuple[str, object]]:
    """Yield what is known, a line each, without what a network does not have."""
    for item in fields(spec):
        value = getattr(spec, item.name)
        if item.name == 'path':
            yield 'path', value or f'not on this machine; {how_to_get(spec)}'
        elif item.name == 'skeleton':
            keypoints, limbs = value.num_keypoints, value.num_limbs
            yield 'skeleton', f'{value.name} ({keypoints} keypoints, {limbs} limbs)'
        elif item.name in ('input', 'outputs'):
            for part in fields(value):
                if getattr(value, part.name) not in ('', None):
                    yield f'{item.name}.{part.name}', _text(getattr(value, part.name))
        elif item.name == 'origin':
            for published in value:
                yield 'origin', f'{published.urls[0]} sha256 {published.sha256}'
        elif value not in ('', None):
            yield item.name, _text(value)


def _text(value: object) -> str:
    return ' '.join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fetch(args: argparse.Namespace) -> int:
    try:
        here = load_model(args.model)
    except ModelError:
        with args.stop.raising():
            paths = fetch_model(args.model, progress=False if args.quiet else None)
    else:
        print(f'{here.name} is here already: {here.path}')
        return 0
    for path in paths:
        print(path)
    spec = load_model(args.model, need_file=False)
    if spec.path is None:
        print(
            f'These are the published files of {spec.name}. Nothing here can turn them into '
            f'{spec.file}; {how_to_get(spec)}.'
        )
    return 0


def _import(args: argparse.Namespace) -> int:
    with args.stop.raising():
        path = import_model(
            args.file,
            args.output,
            kind=args.kind,
            prototxt=args.prototxt,
            stages=args.stages,
            name=args.name,
            precision=args.precision,
        )
    if find_place(path).direct:  # it has the ONNX file, and nothing may follow that
        return 0
    print(path)
    told = fields_of_metadata(read_onnx_facts(path).metadata)
    if licence := told.get('licence'):
        print(f'Licence: {licence}')
    if part := FOR_CROPS.get(str(told.get('skeleton'))):
        use = command(f'estimate photo.jpg --{part} {quote(args.output or path.stem)}')
        print(f'It is for {part}s: {use}')
        return 0
    try:
        load_model(path)
    except ModelError as exc:
        print(f'Before it can be used: {exc}.')
    else:
        if not args.output:
            print(f'Its name is {path.stem}: {command(f"models show {quote(path.stem)}")}')
    return 0


_ACTIONS = {'list': _list, 'show': _show, 'fetch': _fetch, 'import': _import}

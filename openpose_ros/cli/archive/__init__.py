"""Find people in thousands of files, on Ray: on this machine or on many."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
import json
from pathlib import Path
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.cli.archive.flags import add_arguments as add_arguments
from openpose_ros.cli.looking import looked_for_in_vain
from openpose_ros.cli.parameters import given_parameters, given_values
from openpose_ros.errors import OpenPoseError, OutputError, ParameterError
from openpose_ros.files import Claims, check_json_file, write_whole
from openpose_ros.files.places import STANDARD_OUTPUT
from openpose_ros.parsing.decoders import PARAMS
from openpose_ros.parts.params import PartParams
from openpose_ros.pictures.limits import PictureParams
from openpose_ros.tracking import TrackingParams

if TYPE_CHECKING:
    from openpose_ros.archive.items import Item
    from openpose_ros.archive.places import Place
    from openpose_ros.archive.schedule import Record, Schedule
    from openpose_ros.archive.settings import Settings

SUMMARY = 'find people in thousands of files, on one machine or many'
EXAMPLES = (
    (
        'archive recordings --output people',
        'every video, bag and folder of pictures below recordings, on all cores',
    ),
    (
        'archive recordings -o people --address head:6379',
        'the same on the machines of a Ray cluster, which share both folders',
    ),
)

_NETWORK = {  # parameters of a node: flags that say the same of all files
    'model': '--model',
    'backend': '--backend',
    'precision': '--model',
    'threads': '--threads',
    'net_resolution': '--net-resolution',
    'hand_model': '--hand',
    'face_model': '--face',
}


def run(args: argparse.Namespace) -> int:
    """
    Work on all that is not done; what fails is said and left out.

    Returns
    -------
    int
        0 if all is done, 1 if something failed, 130 after Ctrl-C, 143 and 129 after the signals
        TERM and HUP.

    """
    with ExitStack() as stack:
        with args.stop.at_once():
            from openpose_ros.archive.addresses import is_address
            from openpose_ros.archive.cluster import check_ray
            from openpose_ros.archive.finding import biggest_first, find_items
            from openpose_ros.archive.index import check_form, check_place
            from openpose_ros.archive.places import locked, open_place
            from openpose_ros.engine.opening import check_backend

            check_ray()
            for line in looked_for_in_vain(args):
                _tell(line)
            if args.address is None:  # the machines of a cluster may have what this one has not
                check_backend(args.backend)
            check_form(args.index)
            own = None if is_address(args.output) else Path(args.output)
            items = find_items(args.inputs, without=own, tell=_tell)
            settings = _settings(args)
            run_of = settings.run()
            place = open_place(args.output)
            _claim(args, items, settings)
            stack.enter_context(locked(args.output))
            check_place(place, args.index)
            place.tidy()
            schedule = _planned(biggest_first(items), place, run_of, args)
        return _work(args, items, settings, run_of, place, schedule)


def _tell(line: str) -> None:
    print(f'openpose-ros: {line}', file=sys.stderr)


def _settings(args: argparse.Namespace) -> Settings:
    from openpose_ros.archive.addresses import is_address
    from openpose_ros.archive.settings import Settings, found_model

    options = {
        'backend': args.backend,
        'providers': args.providers,
        'net_resolution': args.net_resolution,
    }
    return Settings(
        output=args.output if is_address(args.output) else str(Path(args.output).absolute()),
        model=found_model(args.model, **options),
        hand=args.hand and found_model(args.hand, **options),
        face=args.face and found_model(args.face, **options),
        params=given_values(args, PARAMS.values()),
        augmentation=given_parameters(args, AugmentationParams),
        part_params=given_parameters(args, PartParams),
        tracking=given_parameters(args, TrackingParams),
        limits=given_parameters(args, PictureParams),
        bag=_for_bags(args),
        seed=args.seed,
        range_s=args.range,
        **options,
    )


def _for_bags(args: argparse.Namespace) -> dict[str, object]:
    """Return the parameters of the node that were given for bags."""
    from openpose_ros.bags.options import NODE_NAME, read_parameters
    from openpose_ros.ros.node.names import Names

    _, assigned, lines = read_parameters((), args.param, Names(NODE_NAME))
    for name in filter(assigned.__contains__, _NETWORK):
        raise ParameterError(f'-p {name}:= is for a node; here {_NETWORK[name]} chooses for all')
    for line in lines:
        print(f'openpose-ros: {line}', file=sys.stderr)
    return assigned


def _claim(args: argparse.Namespace, items: list[Item], settings: Settings) -> None:
    """See that no result is an input of this command, and the summary none of the others."""
    from openpose_ros.archive.addresses import is_address
    from openpose_ros.archive.index import FORMS
    from openpose_ros.models import load_model
    from openpose_ros.models.finding import files_of

    claims = Claims(item.path for item in items)
    for item in items:
        for name in item.files:
            claims.reads(Path(item.path, name))
    for name in filter(None, (settings.model, settings.hand, settings.face)):
        for path in files_of(load_model(name).path):
            claims.reads(path)
    if not is_address(args.output):
        out = Path(args.output)
        for item in items:
            for name in (item.result, item.marker, item.partial, item.ranges):
                claims.claim_folder(out / name)
        for form in FORMS:
            claims.claim_folder(out / f'index.{form}')
    if args.json is not None:
        claims.claim(args.json)
        check_json_file(args.json)


def _planned(
    items: list[Item], place: Place, run_of: dict[str, Any], args: argparse.Namespace
) -> Schedule:
    """Return what is left to do, and what is done."""
    from openpose_ros.archive.addresses import is_address
    from openpose_ros.archive.items import BAG
    from openpose_ros.archive.markers import check_bag, read_marker
    from openpose_ros.archive.schedule import Schedule

    found = [(item, read_marker(place, item, run_of)) for item in items]
    left = [item for item, facts in found if facts is None]
    for item in left:  # not after hours of work
        if item.kind == BAG:
            check_bag(place, item)
        elif not is_address(args.output):
            check_json_file(str(Path(args.output, item.result)))
    schedule = Schedule(left, args.retries)
    for item, facts in found:
        if facts is not None:
            schedule.already(item, facts.frames, facts.people, facts.seconds)
    return schedule


def _work(
    args: argparse.Namespace,
    items: list[Item],
    settings: Settings,
    run_of: dict[str, Any],
    place: Place,
    schedule: Schedule,
) -> int:
    from openpose_ros.archive.index import FORMS, rows_of
    from openpose_ros.cli.archive.table import Table

    table = Table(schedule, quiet=args.quiet)
    workers = {'workers': 0, 'threads': 0, 'machines': 0}
    fatal: OpenPoseError | None = None
    if schedule.records:
        table.inform(f'{len(schedule.records)} of {len(items)} files are done already')
    started = perf_counter()
    with args.stop.noted():
        if not schedule.is_over:
            try:
                workers = _work_through(args, settings, run_of, place, schedule, table)
            except OpenPoseError as exc:
                fatal = exc
            if schedule.fatal:
                fatal = OutputError(schedule.fatal)
        seconds = perf_counter() - started
        rows = rows_of(items, schedule.records)
        if not isinstance(fatal, OutputError):
            place.write(f'index.{args.index}', FORMS[args.index](rows))
        summary = _summary(items, schedule, seconds, workers)
        if args.json is not None:
            _write_summary(args.json, summary)
    table.inform(_said(summary, interrupted=args.stop.requested))
    if args.stop.requested:
        return int(args.stop.status)
    if fatal is not None:
        raise fatal
    return 1 if summary['failed'] else 0


def _work_through(
    args: argparse.Namespace,
    settings: Settings,
    run_of: dict[str, Any],
    place: Place,
    schedule: Schedule,
    table: Any,
) -> dict[str, int]:
    """Start Ray, and let its workers do what is left."""
    from openpose_ros.archive.cluster import Cluster
    from openpose_ros.archive.crew import Crew

    def tell(record: Record) -> None:
        if not record.failure and place.size(record.item.result) is None:
            schedule.fatal = (
                f'{args.output} has no {record.item.result}, though a worker wrote it: the folder '
                'must be the same on every machine of the cluster'
            )
        table.finished(record)

    def stopped() -> bool:
        return bool(args.stop.requested)

    with Cluster(
        args.address, workers=args.workers, threads=args.threads, stopped=stopped
    ) as cluster:
        crew = Crew(
            cluster,
            schedule,
            settings,
            run_of,
            tell=tell,
            note=lambda line: table.note(f'openpose-ros: {line}'),
            watched=table.is_seen,
        )
        with table.shown(cluster.workers):
            crew.work(
                stopped=stopped,
                look=lambda crew: table.look(crew.at_work),
            )
        return {
            'workers': cluster.workers,
            'threads': cluster.threads,
            'machines': cluster.machines,
        }


def _summary(
    items: list[Item], schedule: Schedule, seconds: float, workers: dict[str, int]
) -> dict[str, Any]:
    records = schedule.records.values()
    failed = [record for record in records if record.failure]
    well = [record for record in records if not record.failure]
    return {
        'files': len(items),
        'done': sum(not record.before for record in well),
        'done_before': sum(record.before for record in well),
        'failed': len(failed),
        'left': len(items) - len(schedule.records),
        'frames': sum(record.frames for record in well),
        'people': sum(record.people for record in well),
        'frames_now': schedule.frames,
        'seconds': round(seconds, 3),
        'overflow': schedule.overflow,
        **workers,
        'failures': [{'source': record.item.name, 'failure': record.failure} for record in failed],
    }


def _write_summary(name: str, summary: dict[str, Any]) -> None:
    text = json.dumps(summary, indent=1) + '\n'
    if name == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        write_whole(name, text.encode())


def _said(summary: dict[str, Any], *, interrupted: bool) -> str:
    """Return the closing lines."""
    parts = [f'{summary["done"]} done']
    for count, what in (
        (summary['done_before'], 'done before'),
        (summary['failed'], 'failed'),
        (summary['left'], 'left'),
    ):
        if count:
            parts.append(f'{count} {what}')
    rate = summary['frames_now'] / summary['seconds'] if summary['seconds'] else 0
    lines = ['interrupted; what was done is kept'] if interrupted else []
    lines.append(
        f'{summary["files"]} {"file" if summary["files"] == 1 else "files"}: {", ".join(parts)}; '
        f'{summary["frames_now"]} frames in {summary["seconds"]:.1f} s ({rate:.1f} frames/s)'
    )
    if summary['workers']:
        lines[-1] += (
            f', {summary["workers"]} {"worker" if summary["workers"] == 1 else "workers"} of '
            f'{summary["threads"]} {"thread" if summary["threads"] == 1 else "threads"}'
        )
    if summary['overflow']:
        lines.append(
            f'{summary["overflow"]} candidates found no room and were left out: raise --max-peaks'
        )
    return '\n'.join(lines)

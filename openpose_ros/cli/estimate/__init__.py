"""Find people in pictures, folders, videos and cameras."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from openpose_ros.augmentation.params import AugmentationParams
from openpose_ros.cli.estimate.effects import without_effect
from openpose_ros.cli.estimate.flags import add_arguments as add_arguments
from openpose_ros.cli.estimate.forms import check_forms, read_truth_of
from openpose_ros.cli.estimate.resuming import check_resume, open_progress, refuse_to_resume
from openpose_ros.cli.estimate.watching import Page
from openpose_ros.cli.parameters import given_parameters, given_values
from openpose_ros.cli.waiting import told_of_compiling, told_of_waiting
from openpose_ros.errors import SourceError
from openpose_ros.files import Claims
from openpose_ros.parsing.decoders import PARAMS
from openpose_ros.parts.params import PartParams
from openpose_ros.pictures.limits import PictureParams

if TYPE_CHECKING:
    from openpose_ros.cli.estimate.report import RunReport
    from openpose_ros.io import Source

SUMMARY = 'find people in pictures, folders, videos or a camera'
EXAMPLES = (
    (
        'estimate photo.jpg --output out',
        "draws skeletons, writes OpenPose's JSON beside the picture, both in out",
    ),
    (
        'estimate walk.mp4 --output out --json people.jsonl',
        'the same of a video, and one line of JSON a frame',
    ),
    ('estimate 0 --show --track', 'the first camera, in a window; people keep their ids'),
    ('estimate walk.mp4 -o out --every 5 --labels', 'one of five frames, people with numbers'),
    (
        'estimate square.jpg -o out --tiles',
        "a large picture of small people: in parts of the network's size, and whole",
    ),
    (
        'estimate photo.jpg --json - --net-resolution -1x368',
        'to standard output; a larger input finds smaller people',
    ),
)


def run(args: argparse.Namespace) -> int:
    """
    Work on every source; what fails is said and left out.

    Returns
    -------
    int
        0 if all was done, 1 if something was left out, 130 after Ctrl-C, 143 and 129 after the
        signals TERM and HUP.

    """
    params = given_values(args, PARAMS.values())
    limits = given_parameters(args, PictureParams)
    augmentation = given_parameters(args, AugmentationParams)
    with args.stop.at_once():
        from openpose_ros.cli.estimate.report import RunReport
        from openpose_ros.engine.tensorrt.cache import engine_folder
        from openpose_ros.io.quiet import silence_opencv
        from openpose_ros.io.result_names import prepare_folder, stems_of
        from openpose_ros.io.sources import paths_of
        from openpose_ros.io.windows import check_window
        from openpose_ros.models.finding import files_of

        silence_opencv()
        tally, claims = RunReport(quiet=args.quiet), Claims()
        for line in without_effect(args):
            tally.note(f'openpose-ros: {line}')
        read = (args.model, args.hand, args.face, args.view_token_file)
        for name in [*args.sources, *filter(None, read)]:
            claims.reads(name)  # before it is looked into, which takes a while
        check_forms(args, claims)
        refuse_to_resume(args, args.sources)  # a pipe would be waited for
        sources = _found_sources(args, limits, tally)
        if not sources:
            return 1
        for path in chain.from_iterable(map(paths_of, sources)):
            claims.reads(path)
        stems, truth = stems_of(sources), read_truth_of(args, sources, tally)
        if args.output is not None:
            prepare_folder(
                args.output,
                sources,
                stems=stems,
                claims=claims,
                keypoints=args.keypoint_files,
            )
        check_resume(args, sources, claims)
        if args.show:
            check_window()
        page = Page(args) if args.view else None

        from openpose_ros.cli.estimate.painting import check_drawings
        from openpose_ros.cli.estimate.work import Work
        from openpose_ros.estimator import PoseEstimator  # takes a second: the compiled kernels
        from openpose_ros.parts.finder import check_body

        with told_of_compiling(lambda line: tally.inform(f'openpose-ros: {line}')):
            estimator = PoseEstimator.from_model(
                args.model,
                backend=args.backend,
                net_resolution=args.net_resolution,
                params=params,
                providers=args.providers,
                threads=args.threads,
                augmentation=augmentation,
                hand=args.hand,
                face=args.face,
                part_params=given_parameters(args, PartParams),
            )
    with estimator:
        check_drawings(args.draw or (), estimator.spec)
        if line := check_body(estimator.parts.face, estimator.spec):
            tally.note(f'openpose-ros: {line}')
        finders = filter(None, (estimator.parts.hand, estimator.parts.face))
        for spec in (estimator.spec, *(finder.spec for finder in finders)):
            for path in files_of(spec.path):
                claims.reads(path)
        for path in engine_folder().glob('*'):
            claims.reads(path)
        with args.stop.at_once():
            progress = open_progress(args, estimator)
        if page is not None and not page.results:
            page.walk(estimator, sources, tally)
            return 0
        with page or nullcontext():
            if page is not None:
                page.watch(estimator, sources, tally)
            work = Work(args, estimator, claims, tally, progress, page.host if page else None)
            work.run(list(zip(sources, stems)), truth)
            if page is not None:
                tally.inform(tally.table(estimator.description))
                return page.linger(tally)
    tally.inform(tally.table(estimator.description))
    if tally.interrupted:
        return int(args.stop.status)
    return 1 if tally.troubles else 0


def _found_sources(
    args: argparse.Namespace, limits: PictureParams, tally: RunReport
) -> list[Source]:
    from openpose_ros.bags.telling import is_bag
    from openpose_ros.io import find_sources

    sources: list[Source] = []
    for name in args.sources:
        try:
            if is_bag(name):
                sources += _sources_of_bag(name, limits, tally)
                continue
            with told_of_waiting(name, lambda line: tally.inform(f'openpose-ros: {line}')):
                sources += find_sources(
                    name,
                    max_pixels=limits.max_image_pixels,
                    recursive=args.recursive,
                    without=args.output,
                )
        except SourceError as exc:
            tally.trouble(exc)
    return sources


def _sources_of_bag(name: str, limits: PictureParams, tally: RunReport) -> Sequence[Source]:
    from openpose_ros.cli.network import check_bags

    check_bags('a bag')
    from openpose_ros.bags.source import bag_sources

    return bag_sources(
        Path(name),
        max_pixels=limits.max_image_pixels,
        on_trouble=tally.trouble,
        inform=lambda line: tally.inform(f'openpose-ros: {line}'),
    )

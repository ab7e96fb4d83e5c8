"""What `estimate` was told to no effect."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from openpose_ros.cli.estimate.flags import SKELETONS
from openpose_ros.cli.looking import flags_of, looked_for_in_vain
from openpose_ros.cli.viewing import shown_in_vain
from openpose_ros.tracking import TrackingParams


def without_effect(args: argparse.Namespace) -> Iterator[str]:
    """Yield a line for each flag that changes nothing beside the others."""
    yield from _drawn_in_vain(args)
    if not args.track:
        if args.seed is not None:
            yield '--seed has no effect without --track'
        for flag in flags_of(args, TrackingParams):
            yield f'{flag} has no effect without --track'
    if not args.output and not args.keypoint_files:
        yield '--no-keypoint-files has no effect without --output DIR'
    yield from looked_for_in_vain(args)
    if not args.view:
        yield from shown_in_vain(args)


def _drawn_in_vain(args: argparse.Namespace) -> Iterator[str]:
    drawing = {
        f'--draw {" ".join(args.draw or [])}': args.draw,
        '--labels': args.labels,
        '--render-threshold': args.render_threshold is not None and args.mcap is None,
    }
    asked = [flag for flag, given in drawing.items() if given]
    if not args.output and not args.show:
        reason = 'nothing is drawn without --output DIR or --show'
    elif args.draw and SKELETONS not in args.draw:
        asked, reason = asked[1:], f'--draw has no {SKELETONS}'
    else:
        asked, reason = [], ''
    for flag in asked:
        yield f'{flag} has no effect: {reason}'

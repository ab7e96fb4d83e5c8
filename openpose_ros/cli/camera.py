"""Publish pictures, a video or a webcam as a ROS 2 camera does."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
import sys
import time
from typing import TYPE_CHECKING

from openpose_ros.cli.network import add_rules, check_dds
from openpose_ros.cli.parameters import (
    add_parameters,
    given_parameters,
    positive_number,
    whole_number,
)
from openpose_ros.cli.sources import add_recursive
from openpose_ros.cli.waiting import told_of_waiting
from openpose_ros.errors import TransportError
from openpose_ros.pictures.limits import PictureParams

if TYPE_CHECKING:
    from openpose_ros.io import Frame
    from openpose_ros.signals import Stop

SUMMARY = 'publish pictures or a video as a camera does'
EXAMPLES = (
    ('camera walk.mp4 --topic /camera/image_raw', 'a video, again and again, at its own rate'),
    ('camera photos --fps 2 --once', 'the pictures of a folder, two a second, once'),
    (
        'camera 0 --compressed --camera-info left.yaml',
        'the first webcam as JPEG, with its calibration',
    ),
)
_STILLS_FPS = 10.0
_PATIENCE_S = 4.0  # with a source that delivers nothing, after a stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'source',
        metavar='SOURCE',
        help='a picture, a video, a folder of them, an address (rtsp://…), a camera (0), or - for '
        'standard input',
    )
    add_recursive(parser)
    parser.add_argument(
        '--topic', default='image', metavar='T', help='topic to publish on (default: %(default)s)'
    )
    parser.add_argument(
        '--fps',
        type=positive_number,
        metavar='N',
        help=f"images a second (default: the video's own rate; {_STILLS_FPS:g} for pictures)",
    )
    parser.add_argument(
        '--once', action='store_true', help='end after the last image (default: begin again)'
    )
    parser.add_argument('--max-frames', type=whole_number, metavar='N', help='end after N images')
    parser.add_argument(
        '--compressed', action='store_true', help='publish JPEG, on TOPIC/compressed'
    )
    parser.add_argument(
        '--frame-id',
        default='camera_optical_frame',
        metavar='F',
        help='frame of the camera, for the headers (default: %(default)s)',
    )
    parser.add_argument(
        '--camera-info',
        type=Path,
        metavar='FILE',
        help='calibration of the camera, YAML as camera_calibration writes it; published as '
        'camera_info beside the topic',
    )
    add_parameters(parser, PictureParams)
    add_rules(parser)


def run(args: argparse.Namespace) -> int:
    """
    Publish until the source ends, or until interrupted.

    Returns
    -------
    int
        0; 1 if all is published --once, and something was damaged or dropped.

    """
    limits = given_parameters(args, PictureParams)
    check_dds()

    from openpose_ros.io import find_sources
    from openpose_ros.io.playing import play
    from openpose_ros.io.quiet import silence_opencv
    from openpose_ros.io.video import Camera
    from openpose_ros.ros.dds.camera import DdsCamera
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.node.names import Names

    silence_opencv()
    with told_of_waiting(args.source, _note):
        sources = find_sources(
            args.source, max_pixels=limits.max_image_pixels, recursive=args.recursive
        )
    names = Names.from_rules('camera', args.remap)
    with args.stop.noted(_PATIENCE_S), Participant(names) as participant:
        camera = DdsCamera(
            participant,
            args.topic,
            args.frame_id,
            compressed=args.compressed,
            calibration=args.camera_info,
        )
        _note(f'publishing {args.source} on {camera.topic}; Ctrl-C ends')
        misfits_s = time.monotonic()
        troubles: list[str] = []

        def fail(text: str) -> None:
            troubles.append(text)
            _note(text)

        frames = islice(play(sources, _note, once=args.once, fail=fail), args.max_frames)
        live = isinstance(sources[0], Camera) or '://' in args.source
        for frame in _paced(frames, args.fps, args.stop, live=live):
            try:
                camera.publish(frame.image)
            except TransportError as exc:
                fail(f'an image was dropped: {exc}')
            if time.monotonic() > misfits_s:
                misfits_s = time.monotonic() + 1
                for line in participant.incompatible_qos():
                    _note(line)
    return 1 if args.once and troubles else 0


def _paced(
    frames: Iterator[Frame], fps: float | None, stop: Stop, *, live: bool
) -> Iterator[Frame]:
    """Hold frames back until their time has come; what is live comes in its own time."""
    due_s = time.monotonic()
    for frame in frames:
        paced = fps is not None or not live
        if stop.wait(max(0.0, due_s - time.monotonic()) if paced else 0.0):
            return
        if paced:
            # After a stall it goes on from there, and does not catch up by a burst.
            due_s = max(due_s, time.monotonic() - 0.1) + 1 / (fps or frame.fps or _STILLS_FPS)
        yield frame


def _note(text: str) -> None:
    print(f'openpose-ros camera: {text}', file=sys.stderr, flush=True)

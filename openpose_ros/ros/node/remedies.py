"""What helps against faults of images: of a camera that runs, or of a recording of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedies:
    """
    The ends of lines that say what is wrong.

    Attributes
    ----------
    no_stamp : str
        What follows for an image whose stamp is 0, and what helps.
    stamp : str
        What helps where a stamp is 0.
    no_info, no_depth : str
        What helps where nothing is on {topic}.
    late : str
        What helps where the newest depth image is before an image.
    apart : str
        What helps where images and depth images are of other times.

    """

    no_stamp: str
    stamp: str
    no_info: str
    no_depth: str
    late: str
    apart: str


LIVE = Remedies(
    no_stamp='its age is unknown, and max_age does not apply; the camera driver must set '
    'header.stamp',
    stamp='; the camera driver must set header.stamp',
    no_info='let the camera publish it, or remap {topic}',
    no_depth='start the depth camera, or remap {topic}',
    late='raise depth_wait if it comes later, or let the camera synchronise the two',
    apart='let the camera synchronise the two',
)
RECORDED = Remedies(
    no_stamp='its time in the log is taken instead',
    stamp=', and cannot be looked up',
    no_info='if it is on another topic, give -r {topic}:=TOPIC',
    no_depth='if it is on another topic, give -r {topic}:=TOPIC',
    late='raise max_depth_dt, or record the two at the same time',
    apart='raise max_depth_dt, or record the two at the same time',
)

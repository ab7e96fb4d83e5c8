"""The parameters of tracking, each written once."""

from __future__ import annotations

from dataclasses import dataclass

from openpose_ros.parameters import check, parameter


@dataclass(frozen=True, kw_only=True)
class TrackingParams:
    """
    How people are followed from frame to frame.

    Creating an object with a value that is not allowed raises a ParameterError.
    """

    track_timeout: float = parameter(
        2.0,
        'how long somebody who is not seen is still expected, seconds',
        low=0.1,
        high=60.0,
        section='tracking',
    )
    keypoint_smoothing: bool = parameter(
        False,
        'smooth keypoints over time (1€ filter): less jitter at rest, little lag in motion',
        section='tracking',
    )

    def __post_init__(self) -> None:
        check(self)

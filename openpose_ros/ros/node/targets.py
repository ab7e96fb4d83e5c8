"""Whom a robot is to follow, and where it is to stand: chosen, and published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.placement import Size
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.messages.targets import one_of, pose_message
from openpose_ros.ros.node.faults import Faults
from openpose_ros.ros.node.frames import Frames
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import Transport
from openpose_ros.spatial.approach import SILENT_S, Approach
from openpose_ros.spatial.choice import Candidates, Chooser, Wish
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.paths import Paths

if TYPE_CHECKING:
    from openpose_ros.tracking import Coasting

Array = npt.NDArray[np.float64]

POSES = ('person_pose', 'target_pose')
_NAMELESS = '?'


@dataclass(frozen=True, eq=False)
class Found:
    """
    The people of an image, and where they are.

    Attributes
    ----------
    people : People
        In pixels.
    located : Located
        Where they are.
    coasting : Coasting or None
        Who else is expected.
    expected : Located or None
        Where those are.
    up : float64 (3,)
        The vertical in the image's frame.
    size : (int, int)
        Width and height of the image, pixels.
    stamp_s : float
        When it was taken, seconds.

    """

    people: People
    located: Located
    coasting: Coasting | None
    expected: Located | None
    up: Array
    size: Size
    stamp_s: float

    def everybody(self) -> tuple[Candidates, Located]:
        """Return who is seen and then who is expected, as who may be chosen, and where."""
        seen = Candidates(
            self.people.known_ids,
            self.located.position,
            self.people.bounding_boxes().astype(np.float64),
            np.zeros(len(self.people)),
        )
        if not self.coasting or self.expected is None:
            return seen, self.located
        candidates = Candidates(
            [*seen.ids, *self.coasting.ids],
            np.concatenate([seen.position, self.expected.position]),
            np.concatenate([seen.boxes, _boxes(self.coasting.keypoints)]),
            np.concatenate([seen.since_s, self.coasting.time_since_seen]),
        )
        return candidates, _joined(self.located, self.expected)


class Targets:
    """
    Publishes person_pose, target_pose and nearest_person; in the worker's thread.

    Each only while somebody subscribes to it.

    Parameters
    ----------
    transport : Transport
        Publishes, and knows who subscribes.
    frames : Frames
        Know where the camera is.
    faults : Faults
        Hears where nobody is who is wanted.

    """

    def __init__(self, transport: Transport, frames: Frames, faults: Faults) -> None:
        self._transport = transport
        self._frames = frames
        self._faults = faults
        self._chooser, self._nearest = Chooser(), Chooser()
        self._approach = Approach()
        self._paths = Paths()  # where nobody is tracked
        self._changes = 0

    def publish(self, found: Found, persons: Any, params: NodeParams) -> None:
        """
        Publish whom to follow, and where to stand.

        Parameters
        ----------
        found : Found
            The people of an image.
        persons : openpose_ros/PersonArray
            The same, as it was published.
        params : NodeParams
            Say who is wanted.

        """
        nearest, poses = (
            self._transport.subscribers('nearest_person'),
            [name for name in POSES if self._transport.subscribers(name)],
        )
        if nearest:
            self._publish_nearest(found, persons, params)
        if poses:
            self._publish_poses(poses, found, persons.header, params)

    def _publish_nearest(self, found: Found, persons: Any, params: NodeParams) -> None:
        seen = Candidates(
            found.people.known_ids,
            found.located.position,
            found.people.bounding_boxes().astype(np.float64),
            np.zeros(len(found.people)),
        )
        wish = Wish('nearest', '', params.target_hysteresis)
        chosen = self._nearest.choose(seen, wish, found.size, found.stamp_s)
        message = one_of(self._transport.types, persons, chosen)
        self._transport.publish('nearest_person', message)

    def _publish_poses(
        self, names: list[str], found: Found, header: Any, params: NodeParams
    ) -> None:
        candidates, located = found.everybody()
        wish = Wish(params.target, params.target_id, params.target_hysteresis)
        chosen = self._chooser.choose(candidates, wish, found.size, found.stamp_s)
        if params.target == 'id' and params.target_id and params.tracking:
            self._tell_who_lacks(params.target_id, chosen)
        if self._chooser.changes != self._changes:
            self._changes = self._chooser.changes
            self._approach.reset()
            self._paths.reset()
        if chosen is None or candidates.since_s[chosen] >= SILENT_S:
            return
        if found.coasting is None:  # else it is smoothed already
            ids = ['' if index != chosen else _NAMELESS for index in range(len(candidates))]
            located, _ = self._paths.update(ids, located, [], found.up, found.stamp_s)
        if np.isnan(located.position[chosen]).any():
            return
        frame, to_frame = str(header.frame_id), None
        if params.target_frame:
            to_frame = self._frames.lookup(
                f'to {params.target_frame}',
                params.target_frame,
                frame,
                nanoseconds(header.stamp),
                params.tf_timeout,
            )
            if to_frame is None:
                return
            frame = params.target_frame
        standing = self._approach.stand(
            located,
            chosen,
            to_frame=to_frame,
            up=found.up,
            frame=frame,
            distance=params.approach_distance,
            stamp_s=found.stamp_s,
        )
        if standing is None:
            return
        poses = {
            'person_pose': (standing.person, standing.person_orientation),
            'target_pose': (standing.spot, standing.spot_orientation),
        }
        for name in names:
            message = pose_message(self._transport.types, header.stamp, frame, *poses[name])
            self._transport.publish(name, message)

    def _tell_who_lacks(self, name: str, chosen: int | None) -> None:
        if chosen is not None:
            self._faults.fine('target_id')
            return
        self._faults.tell(
            'target_id',
            f"nobody is tracked as '{name}' (target_id), so nobody is followed; who comes back "
            'after track_timeout has another id, see persons',
            may_settle=True,
            cause=name,
        )


def _boxes(keypoints: Array) -> Array:
    """Return the boxes (M, 4) around keypoints (M, K, 2); NaN around none."""
    missing = np.isnan(keypoints)
    low = np.where(missing, np.inf, keypoints).min(axis=1)
    high = np.where(missing, -np.inf, keypoints).max(axis=1)
    boxes = np.concatenate([low, high - low], axis=1)
    return np.where(np.isfinite(boxes), boxes, np.nan)


def _joined(located: Located, expected: Located) -> Located:
    """Return the people of both, without the surface under their keypoints."""
    names = ('position', 'covariance', 'orientation', 'velocity', 'gaze', 'facing')
    return Located(
        None,
        *(
            np.concatenate([getattr(located, name), getattr(expected, name)])
            for name in (*names, 'facing_stddev', 'turning')
        ),
    )

"""The way of an image through a node: decoded, looked at, published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import TransitionError
from openpose_ros.estimates import Estimate
from openpose_ros.estimator import PoseEstimator
from openpose_ros.people import People
from openpose_ros.placement import Size
from openpose_ros.ros.messages.markers import Rays, rays_of_camera
from openpose_ros.ros.messages.people import nanoseconds, persons_message
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.calibration import CAMERA, DEPTH_CAMERA, Calibration
from openpose_ros.ros.node.diagnostics import Measurement, Recorder
from openpose_ros.ros.node.faults import Faults
from openpose_ros.ros.node.frames import Frames
from openpose_ros.ros.node.guard import one_line
from openpose_ros.ros.node.measuring import Arrival, Measuring
from openpose_ros.ros.node.outgoing import Outgoing
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.remedies import LIVE, Remedies
from openpose_ros.ros.node.targets import Found, Targets
from openpose_ros.ros.node.throttle import Warnings
from openpose_ros.ros.node.transport import Transport
from openpose_ros.ros.node.viewing import OnProcessed
from openpose_ros.ros.node.visualization import Visualization
from openpose_ros.rotation import rotate_upright, unrotate_people
from openpose_ros.spatial import Located
from openpose_ros.spatial.paths import Paths
from openpose_ros.spatial.people import locate, up_in_image
from openpose_ros.tracking.identities import new_id

if TYPE_CHECKING:
    from openpose_ros.tracking import Tracker, Tracks

_TARGET = 'target_frame'


class Processing:
    """
    Works on one image after another; in the worker's thread, if not said otherwise.

    Parameters
    ----------
    transport : Transport
        Decodes, publishes, and knows the time.
    recorder : Recorder
        Hears how each image fared.
    warn : Warnings
        Takes what may repeat itself.
    is_wanted : callable
        Asked before anything is published: the node may have been stopped meanwhile.
    clock : callable
        Tells the seconds that pass, as `Arrival.received_s` has them; those of a bag are its own.
    bodies : Bodies, optional
        Who is there by her id, where other cameras see people, too; by default its own.
    new_id : callable
        Names somebody new.
    watching : OnProcessed, optional
        Sees every image that was processed.
    camera : str
        The camera's name, for what is told of its topics.
    remedies : Remedies
        What helps where its images are wrong.
    are_poses_wanted : callable
        Tells whether somebody waits for poses of people, so that what they lack is told.

    Attributes
    ----------
    measuring : Measuring
        Gives images their depth.

    """

    def __init__(
        self,
        transport: Transport,
        recorder: Recorder,
        warn: Warnings,
        is_wanted: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
        bodies: Bodies | None = None,
        new_id: Callable[[], str] = new_id,
        watching: OnProcessed | None = None,
        camera: str = '',
        remedies: Remedies = LIVE,
        are_poses_wanted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._remedies = remedies
        self._are_poses_wanted = are_poses_wanted
        self._transport = transport
        self._watching = watching
        self._new_id = new_id
        self._clock = clock
        self._recorder = recorder
        self._warn = warn
        self._is_wanted = is_wanted
        self._rays: Rays | None = None
        self._faults = faults = Faults(warn)
        self._calibration = Calibration(faults, transport.image_topic, camera, remedies)
        self._frames = Frames(transport, faults)
        self.measuring = Measuring(self._calibration, self._frames, faults, camera, remedies)
        self._tracker: Tracker | None = None
        self._size: Size | None = None  # of the last image
        self._paths = Paths()
        self._targets = Targets(transport, self._frames, faults)
        self._bodies = bodies or Bodies(transport, clock)
        self._outgoing: Outgoing | None = None
        self._visualization = Visualization(transport)
        self._now_ns = 0  # ROS time when it was last looked at
        self._unstamped = False

    def prepare(self, params: NodeParams) -> None:
        """Compile what is needed besides the parser, and open what the parameters ask for."""
        from openpose_ros.tracking.tracker import Tracker  # compiles, as the parser does

        self._tracker = Tracker(params, new_id=self._new_id)
        self.measuring.prepare(params)
        self._outgoing = Outgoing(self._transport, params, self._bodies, self._clock)

    def close(self) -> None:
        """Give back what `prepare` opened; from any thread."""
        self.forget()
        outgoing, self._outgoing = self._outgoing, None
        if outgoing:
            outgoing.close()

    def forget(self) -> None:
        """Nobody is looked for any more; from any thread."""
        self.measuring.forget()
        self._frames.want(_TARGET, False)
        outgoing = self._outgoing
        if outgoing:
            outgoing.forget()

    def is_heard(self) -> bool:
        """Tell whether somebody listens to what else is published; from any thread."""
        outgoing = self._outgoing
        return outgoing is not None and outgoing.is_heard()

    def on_timer(self, params: NodeParams) -> None:
        """Do what is to be done about once a second; from any thread."""
        self.note_time()
        outgoing = self._outgoing
        if outgoing:
            outgoing.on_timer(params)

    def on_camera_info(self, message: Any) -> None:
        """Take a CameraInfo; from any thread."""
        self._rays = rays_of_camera(message)
        self._calibration.take(CAMERA, message)

    def on_depth_camera_info(self, message: Any) -> None:
        """Take a CameraInfo of the depth camera; from any thread."""
        self._calibration.take(DEPTH_CAMERA, message)

    def expect(self, params: NodeParams) -> None:
        """People are looked for from now on, or the parameters changed; from any thread."""
        self._frames.want(_TARGET, bool(params.target_frame))

    def note_time(self) -> None:
        """Forget what was said of stamps when ROS time jumps back, as where a bag starts over."""
        before, self._now_ns = self._now_ns, self._transport.now_ns()
        if self._now_ns < before:
            self._recorder.time_jumped()

    def work(self, estimator: PoseEstimator, arrival: Arrival, params: NodeParams) -> str:
        """
        Process an image.

        Returns
        -------
        str
            'processed', or 'too_old'.

        Raises
        ------
        Exception
            Of the image, the network or the transport: this image is lost.

        """
        message = arrival.message
        self.note_time()
        age_s = self._age_s(message)
        # Waiting for its depth does not make an image too old.
        limit_s = params.max_age + (params.depth_wait if params.depth else 0.0)
        if params.max_age and age_s is not None and age_s > limit_s:
            self._warn(
                f'an image older than max_age ({params.max_age} s) was dropped: {age_s:.3f} s; '
                'are the clocks the same, and use_sim_time true with a bag?'
            )
            self._recorder.too_old()
            return 'too_old'
        depth = self.measuring.depth_of(arrival, params)
        started = perf_counter()
        frame = self._transport.decode(message, params.max_image_pixels)
        decoded = perf_counter()
        size = (frame.shape[1], frame.shape[0])
        estimator.params = estimator.augmentation = estimator.parts.params = params
        estimate = estimator.estimate(rotate_upright(frame, params.rotate))
        people = unrotate_people(estimate.people, params.rotate, size)
        stamp_s = _stamp_s(arrival)
        tracks = self._follow(people, stamp_s, size, params)
        coasting = None if tracks is None else tracks.coasting
        people = people if tracks is None else tracks.people
        followed = perf_counter()
        is_anybody = len(people) or coasting
        up = self._vertical(message.header, params) if is_anybody else up_in_image(params.rotate)
        located = self._locate(people, size, depth, message.header, up, params)
        expected = None
        if tracks is not None:
            located, expected = self._paths.update(
                tracks.numbers, located, tracks.coasting.numbers, up, stamp_s
            )
        estimated = perf_counter()
        if not self._is_wanted():
            raise TransitionError('the node was stopped while it worked on an image')
        persons = persons_message(
            self._transport.types,
            people,
            message.header,
            size,
            coasting,
            located=located,
            expected=expected,
        )
        self._transport.publish('persons', persons)
        published = perf_counter()
        latency_s, age_s = self._clock() - arrival.received_s, self._age_s(message)
        outgoing = self._outgoing
        if outgoing:
            outgoing.publish(persons, people, params, positions=located.positions, up=up)
        found = Found(people, located, coasting, expected, up, size, stamp_s)
        self._targets.publish(found, persons, params)
        told = perf_counter()
        self._visualization.publish(frame, people, persons, params, self._rays)
        if self._watching is not None and self._watching.is_watched:
            times = {'decode': decoded - started, **estimate.times, 'place': estimated - followed}
            upright = replace(estimate, people=_upright(people, estimate, params), times=times)
            self._watch(self._watching, upright, params, age_s)
        self._recorder.processed(
            Measurement(
                latency_s=latency_s,
                age_s=age_s,
                stages_s={
                    'decode': decoded - started,
                    **estimate.times,
                    'place': estimated - followed,
                    'publish': published - estimated,
                    'other messages': told - published,
                    'pictures': perf_counter() - told,
                },
                people=len(people),
                overflow=people.overflow,
                depth=None if not params.depth else depth is not None,
            )
        )
        self._warn_of_oddities(message, people, estimate.crops_left_out)
        return 'processed'

    def _watch(
        self, watching: OnProcessed, estimate: Estimate, params: NodeParams, age_s: float | None
    ) -> None:
        """Show what was found; nothing that goes wrong there is the image's fault."""
        assert estimate.frame is not None
        try:
            watching.on_processed(estimate.frame, estimate, params, age_s)
        except Exception as exc:  # noqa: BLE001  whatever it is, it is told
            self._warn(f'an image cannot be shown on the page: {one_line(exc)}')

    def _locate(
        self,
        people: People,
        size: Size,
        depth: Any | None,
        header: Any,
        up: npt.NDArray[np.float64],
        params: NodeParams,
    ) -> Located:
        """Say where people are and which way they face, as far as it can be measured."""
        located = Located.unknown(len(people))
        if not len(people):
            return located
        needed = bool(
            params.depth or params.publish_tf or params.target_frame or self._are_poses_wanted()
        )
        camera = self._calibration.camera(
            CAMERA,
            size,
            str(header.frame_id),
            rectified=params.rectified,
            needed=needed,
        )
        if camera is None:
            return located
        if params.depth or params.monocular_distance:
            self._faults.fine('places')
        elif needed:
            self._faults.tell(
                'places',
                'neither depth nor monocular_distance is true, so nobody has a place; set one of '
                'them',
            )
        if depth is not None:
            positions = self.measuring.positions(depth, header, people, camera, params)
            located = replace(located, positions=positions)
        return locate(people, camera, located, up, monocular=params.monocular_distance)

    def _vertical(self, header: Any, params: NodeParams) -> npt.NDArray[np.float64]:
        """Return the vertical in the image's frame, as `target_frame` has it if that is known."""
        if params.target_frame:
            stamp_ns = nanoseconds(header.stamp)
            found = self._frames.known(params.target_frame, str(header.frame_id), stamp_ns)
            if found is not None:
                return found.inverse().turn([0.0, 0.0, 1.0])
        return up_in_image(params.rotate)

    def _follow(
        self, people: People, stamp_s: float, size: Size, params: NodeParams
    ) -> Tracks | None:
        """Say who people are, and who else is expected; None: nobody wants to know."""
        tracker, before, self._size = self._tracker, self._size, size
        if tracker is None:
            return None
        if not params.tracking or size != before:  # pixels are other ones then
            tracker.reset()
            self._paths.reset()
        if not params.tracking:
            return None
        if before is not None and size != before:
            self._warn(
                f'images have {size[0]}x{size[1]} pixels, after some of '
                '{}x{}: everybody in them gets a new id'.format(*before),
                'size',
            )
        tracker.params = params
        return tracker.update(people, stamp_s)

    def _warn_of_oddities(self, message: Any, people: People, left_out: int) -> None:
        if not nanoseconds(message.header.stamp):
            self._recorder.unstamped()
            if not self._unstamped:
                self._unstamped = True
                self._transport.log(
                    'warning', f'an image has no stamp (0): {self._remedies.no_stamp}'
                )
        if people.overflow:
            self._warn(
                'candidates found no room, and were left out: '
                f'{people.overflow} in an image; raise max_peaks, or peak_threshold'
            )
        if left_out:
            self._warn(f'{left_out} hands and faces of an image were not looked at: max_crops')

    def _age_s(self, message: Any) -> float | None:
        """Return how long ago an image was taken, in ROS time; None if either is not known."""
        stamp_ns, now_ns = nanoseconds(message.header.stamp), self._transport.now_ns()
        return (now_ns - stamp_ns) / 1e9 if stamp_ns and now_ns else None


def _upright(people: People, estimate: Estimate, params: NodeParams) -> People:
    """Return people in pixels of the picture as the network saw it."""
    return unrotate_people(people, -params.rotate % 360, estimate.placement.source_size)


def _stamp_s(arrival: Arrival) -> float:
    """Return when an image was taken, seconds; of one without a stamp, about when it came."""
    stamp_ns = nanoseconds(arrival.message.header.stamp)
    return stamp_ns / 1e9 if stamp_ns else arrival.received_s

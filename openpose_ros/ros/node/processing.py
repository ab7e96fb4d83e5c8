"""The way of an image through a node: decoded, looked at, published."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from openpose_ros.errors import TransitionError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.people import People
from openpose_ros.ros.messages.markers import Rays, rays_of_camera
from openpose_ros.ros.messages.people import nanoseconds, persons_message
from openpose_ros.ros.node.diagnostics import Measurement, Recorder
from openpose_ros.ros.node.outgoing import Outgoing
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.throttle import Warnings
from openpose_ros.ros.node.transport import Transport
from openpose_ros.ros.node.visualization import Visualization
from openpose_ros.rotation import rotate_upright, unrotate_people
from openpose_ros.spatial.people import up_in_image

if TYPE_CHECKING:
    from openpose_ros.tracking import Coasting, Tracker


class Arrival(NamedTuple):
    """
    An image that came.

    Attributes
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
    received_s : float
        When, by the machine's clock, seconds.

    """

    message: Any
    received_s: float


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

    """

    def __init__(
        self,
        transport: Transport,
        recorder: Recorder,
        warn: Warnings,
        is_wanted: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._recorder = recorder
        self._warn = warn
        self._is_wanted = is_wanted
        self._rays: Rays | None = None
        self._tracker: Tracker | None = None
        self._outgoing: Outgoing | None = None
        self._visualization = Visualization(transport)
        self._now_ns = 0  # ROS time when it was last looked at
        self._unstamped = False

    def prepare(self, params: NodeParams) -> None:
        """Compile what is needed besides the parser, and open what the parameters ask for."""
        from openpose_ros.tracking.tracker import Tracker  # compiles, as the parser does

        self._tracker = Tracker(params)
        self._outgoing = Outgoing(self._transport, params)

    def close(self) -> None:
        """Give back what `prepare` opened; from any thread."""
        outgoing, self._outgoing = self._outgoing, None
        if outgoing:
            outgoing.close()

    def forget(self) -> None:
        """Nobody is looked for any more; from any thread."""
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
        if params.max_age and age_s is not None and age_s > params.max_age:
            self._warn(
                f'an image older than max_age ({params.max_age} s) was dropped: {age_s:.3f} s; '
                'are the clocks the same, and use_sim_time true with a bag?'
            )
            self._recorder.too_old()
            return 'too_old'
        started = perf_counter()
        frame = self._transport.decode(message, params.max_image_pixels)
        decoded = perf_counter()
        size = (frame.shape[1], frame.shape[0])
        estimator.params = params
        estimate = estimator.estimate(rotate_upright(frame, params.rotate))
        people = unrotate_people(estimate.people, params.rotate, size)
        people, coasting = self._follow(people, arrival, params)
        estimated = perf_counter()
        if not self._is_wanted():
            raise TransitionError('the node was stopped while it worked on an image')
        persons = persons_message(self._transport.types, people, message.header, size, coasting)
        self._transport.publish('persons', persons)
        published = perf_counter()
        latency_s, age_s = monotonic() - arrival.received_s, self._age_s(message)
        outgoing = self._outgoing
        if outgoing:
            outgoing.publish(
                persons, people, params, positions=None, up=up_in_image(params.rotate)
            )
        told = perf_counter()
        self._visualization.publish(frame, people, persons, params, self._rays)
        self._recorder.processed(
            Measurement(
                latency_s=latency_s,
                age_s=age_s,
                stages_s={
                    'decode': decoded - started,
                    **estimate.times,
                    'publish': published - estimated,
                    'other messages': told - published,
                    'pictures': perf_counter() - told,
                },
                people=len(people),
                overflow=people.overflow,
            )
        )
        self._warn_of_oddities(age_s, people)
        return 'processed'

    def _follow(
        self, people: People, arrival: Arrival, params: NodeParams
    ) -> tuple[People, Coasting | None]:
        """Say who people are, if that is wanted, and who else is expected."""
        tracker = self._tracker
        if tracker is None:
            return people, None
        if not params.tracking:
            tracker.reset()
            return people, None
        tracker.params = params
        # An image without a stamp was taken about when it came.
        stamp_ns = nanoseconds(arrival.message.header.stamp)
        tracks = tracker.update(people, stamp_ns / 1e9 if stamp_ns else arrival.received_s)
        return tracks.people, tracks.coasting

    def _warn_of_oddities(self, age_s: float | None, people: People) -> None:
        if age_s is None and not self._unstamped:
            self._unstamped = True
            self._transport.log(
                'warning',
                'an image has no stamp (0): its age is unknown, and max_age does not apply; the '
                'camera driver must set header.stamp',
            )
        if people.overflow:
            self._warn(
                'candidates found no room, and were left out: '
                f'{people.overflow} in an image; raise max_peaks, or peak_threshold'
            )

    def _age_s(self, message: Any) -> float | None:
        """Return how long ago an image was taken, in ROS time; None if it does not say when."""
        stamp_ns = nanoseconds(message.header.stamp)
        return (self._transport.now_ns() - stamp_ns) / 1e9 if stamp_ns else None

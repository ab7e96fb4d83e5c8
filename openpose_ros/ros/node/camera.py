"""One camera of a node: its images, where they wait, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.diagnostics import Recorder, Status, describe
from openpose_ros.ros.node.guard import Guard, one_line
from openpose_ros.ros.node.listening import Listening
from openpose_ros.ros.node.measuring import Arrival
from openpose_ros.ros.node.newest import NewestWorker
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.processing import Processing
from openpose_ros.ros.node.slots import Counts
from openpose_ros.ros.node.targets import POSES
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.ros.node.transport import (
    CAMERA_INFO,
    COMPRESSED,
    IMAGE,
    IMAGES,
    OUTPUTS,
    Input,
    Transport,
    named,
)
from openpose_ros.ros.node.viewing import OnProcessed

Worker = NewestWorker[Arrival, PoseEstimator]

_WARN_EVERY_S = 5.0
_RESULTS = tuple(output for output in OUTPUTS if output != 'skeleton_info')


class Camera:
    """
    Takes a camera's messages, lets the worker have the newest image, and knows how it fares.

    Every method may be called at any time from any thread and returns at once, if not said
    otherwise.

    Parameters
    ----------
    name : str
        By which its topics and parameters are told from those of others; '' for the only one.
    transport : Transport
        Its own: publishes, asks and logs.
    worker : NewestWorker
        The node's, which has the network.
    params : NodeParams
        What holds for this camera.
    bodies : Bodies
        The node's.
    is_active : callable
        Tells whether the node is.
    on_return : callable
        Called with the first image after a silence.
    watching : OnProcessed, optional
        Sees every image that was processed.

    Attributes
    ----------
    name
        As above.
    params : NodeParams
        May be replaced at any moment.

    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        worker: Worker,
        params: NodeParams,
        bodies: Bodies,
        is_active: Callable[[], bool],
        on_return: Callable[[], object],
        watching: OnProcessed | None = None,
    ) -> None:
        self.name = name
        self.params = params
        self._transport = transport
        self._worker = worker
        self._is_active = is_active
        self._on_return = on_return
        self._watching = watching
        self._recorder = Recorder()
        self._warn = Warnings(transport.log, Throttle(_WARN_EVERY_S))
        self._processing = Processing(
            transport,
            self._recorder,
            self._warn,
            self._is_wanted,
            bodies=bodies,
            watching=watching,
            camera=name,
            are_poses_wanted=lambda: any(map(transport.subscribers, POSES)),
        )
        self._measuring = self._processing.measuring
        self._slot = worker.slot(self._work, self._report)
        self._listening = Listening(transport, self._warn, name)
        self._turn_s = 0.0  # when the last image was due, with max_rate

    def prepare(self) -> None:
        """Compile and open what it needs besides the network, however long that takes."""
        self._processing.prepare(self.params)

    def begin(self) -> None:
        """Expect images from now on."""
        self._listening.begin()

    def expect(self) -> None:
        """Listen to transforms as the parameters ask for, which may have changed."""
        self._processing.expect(self.params)

    def forget(self) -> None:
        """Expect no images any more, and nobody in them."""
        self._processing.forget()

    def close(self) -> None:
        """Give back what `prepare` opened."""
        self._processing.close()

    def on_image(self, message: Any) -> None:
        """Take an Image or CompressedImage; it must not change afterwards."""
        now = monotonic()
        if self._listening.heard(now, getattr(message, 'header', None)):
            self._on_return()
        reason = self._reason_to_refuse(now)
        if reason:
            self._slot.refuse(reason)
        else:
            arrival, wait_s = self._measuring.arrived(message, now, self.params)
            self._slot.put(arrival, wait_s)
            if wait_s:
                self._promote()  # its depth may have come meanwhile, in another thread

    def on_camera_info(self, message: Any) -> None:
        """Take a CameraInfo."""
        self._processing.on_camera_info(message)

    def on_depth_image(self, message: Any) -> None:
        """Take a depth image, an Image or CompressedImage; it must not change afterwards."""
        self._measuring.on_depth(message)
        self._promote()

    def on_depth_camera_info(self, message: Any) -> None:
        """Take a CameraInfo of the depth camera."""
        self._processing.on_depth_camera_info(message)

    def inputs(self, guard: Guard) -> list[Input]:
        """Return what a transport subscribes to for this camera, with the parameters of now."""
        params, of = self.params, f' of {self.name}' if self.name else ''
        image, depth = named(self.name, 'image'), named(self.name, 'depth_image')
        ending, kind = IMAGES[params.image_transport]
        on_image = guard.around(f'an image{of}', self.on_image)
        on_camera_info = guard.around(f'a camera_info{of}', self.on_camera_info)
        inputs = [
            Input(image, kind, on_image, ending, images_of=self.name),
            Input(named(self.name, 'camera_info'), CAMERA_INFO, on_camera_info, image=image),
        ]
        if params.depth:
            packed = params.depth_transport != 'raw'
            inputs += [
                Input(
                    depth,
                    COMPRESSED if packed else IMAGE,
                    guard.around(f'a depth image{of}', self.on_depth_image),
                    f'/{params.depth_transport}' if packed else '',
                ),
                Input(
                    named(self.name, 'depth_camera_info'),
                    CAMERA_INFO,
                    guard.around(f'a depth_camera_info{of}', self.on_depth_camera_info),
                    image=depth,
                ),
            ]
        return inputs

    def on_timer(self, *, expecting: bool) -> None:
        """Look, about once a second, whether images come; warn if not where they should."""
        params = self.params
        self._processing.on_timer(params)
        self._listening.look(params.no_image_timeout, params.image_transport, expecting=expecting)

    def counts(self) -> Counts:
        """Return what became of every image so far."""
        return self._slot.counts()

    def diagnostics(self, state: str, facts: Mapping[str, str], faults: int) -> Status:
        """Say how it is doing; as `describe` takes them."""
        return describe(
            state,
            facts,
            self.counts(),
            self._recorder.summary(),
            silent=self._listening.silent,
            clockless=self._transport.now_ns() == 0,
            resting=self._resting() if state == 'active' else '',
            faults=faults,
        )

    def _promote(self) -> None:
        """Let the newest image whose depth is there be worked on."""
        params = self.params
        self._slot.promote(lambda arrival: self._measuring.completed(arrival, params))

    def _reason_to_refuse(self, now_s: float) -> str:
        """Say why an image is not even kept, or ''."""
        params = self.params
        if not params.enabled:
            return 'disabled'
        if params.lazy and not self._is_heard():
            return 'nobody subscribes'
        if params.max_rate:
            period_s = 1 / params.max_rate
            if now_s < self._turn_s + period_s:
                return 'above max_rate'
            # From turn to turn, not from image to image, or 30 Hz would become 15 for 20.
            self._turn_s = max(self._turn_s + period_s, now_s - period_s / 2)
        return ''

    def _resting(self) -> str:
        """Say why no image is worked on now, or ''."""
        if not self.params.enabled:
            return 'off: enabled is false'
        if self.params.lazy and not self._is_heard():
            return 'at rest: nobody subscribes, and lazy is true'
        return ''

    def _is_heard(self) -> bool:
        if self._watching is not None and self._watching.is_watched:
            return True
        subscribers = self._transport.subscribers
        return any(subscribers(output) for output in _RESULTS) or self._processing.is_heard()

    def _work(self, estimator: PoseEstimator, arrival: Arrival) -> str:
        return self._processing.work(estimator, arrival, self.params)

    def _is_wanted(self) -> bool:
        return self._is_active() and not self._worker.left_behind()

    def _report(self, exc: BaseException) -> None:
        text = one_line(exc)
        self._recorder.failed(text)
        self._warn(f'dropped an image: {text}')

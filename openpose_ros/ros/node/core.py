"""
The node without its transport: states, images in, people out.

A transport (rclpy's, DDS's) makes a `PoseNode` and calls its transitions; it subscribes after
`activate` and unsubscribes before `deactivate`, hands over what arrives, calls `on_timer` about
once a second, shows `diagnostics`, and does what `Transport` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import threading
from time import monotonic, perf_counter
from typing import Any

from openpose_ros.augmentation import check_augmentation
from openpose_ros.errors import EngineError, OpenPoseError, TransitionError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import ModelSpec
from openpose_ros.parameters import updated
from openpose_ros.parsing.decoders import check_names, foreign_names, params_for
from openpose_ros.parts.finder import check_body
from openpose_ros.ros.node.assigned import check_assigned
from openpose_ros.ros.node.diagnostics import Recorder, Status, describe
from openpose_ros.ros.node.engine_log import engine_log
from openpose_ros.ros.node.guard import Guard, one_line
from openpose_ros.ros.node.listening import COMPRESSED, IMAGE, Listening
from openpose_ros.ros.node.loading import (
    OpenEstimator,
    load_estimator,
    open_estimator,
    skeleton_info_of,
)
from openpose_ros.ros.node.measuring import Arrival
from openpose_ros.ros.node.newest import Counts, NewestWorker
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.processing import Processing
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.ros.node.transport import CAMERA_INFO, OUTPUTS, Input, Transport

_PATIENCE_S = 4.0  # with the image in hand, when the node is to stop
_LOADING_PATIENCE_S = 1.0  # with a network that is being loaded, of which nothing can be lost
_WARN_EVERY_S = 5.0
_SHOW_EVERY_S = 1.0
_DEFAULT_PARAMS = NodeParams()
_RESULTS = tuple(output for output in OUTPUTS if output != 'skeleton_info')


class PoseNode:
    """
    A node that finds people in images.

    Its states are 'unconfigured', 'inactive' (the network is loaded and warm), 'active' and
    'finalized'; while it loads, 'configuring'. A transition to where the node is already does
    nothing; one that its state does not allow raises a TransitionError. Transitions wait for each
    other; every other method may be called at any time from any thread and returns at once.

    Parameters
    ----------
    transport : Transport
        Publishes, asks and logs.
    params : NodeParams
        What the node starts with.
    open_estimator : callable
        Does what `loading.open_estimator` does; called in the thread that will use the estimator.
    show : callable
        Publishes diagnostics at once, from any thread: while the node is configured, a transport
        cannot do so by itself.

    Attributes
    ----------
    guard : Guard
        For a transport's callbacks: what they raise is logged and counted.

    """

    def __init__(
        self,
        transport: Transport,
        params: NodeParams = _DEFAULT_PARAMS,
        open_estimator: OpenEstimator = open_estimator,
        show: Callable[[Status], object] = lambda _: None,
    ) -> None:
        self._transport = transport
        self._params = params
        self._open_estimator = open_estimator
        self._show = show
        self._abandoned = threading.Event()
        self._state = 'unconfigured'
        self._transition = threading.RLock()
        self._changing = threading.Lock()  # of parameters, and of the state that allows it
        self._recorder = Recorder()
        self._throttle = Throttle(_WARN_EVERY_S)
        self._warn = Warnings(transport.log, self._throttle)
        self._processing = Processing(transport, self._recorder, self._warn, self._is_wanted)
        self._measuring = self._processing.measuring
        self._worker: NewestWorker[Arrival, PoseEstimator] = NewestWorker(
            'openpose_ros worker',
            setup=self._load,
            work=self._work,
            teardown=PoseEstimator.close,
            report=self._report,
        )
        self.guard = Guard(transport.log)
        self._shown = Throttle(_SHOW_EVERY_S)
        self._facts: dict[str, str] = {}
        self._spec: ModelSpec | None = None  # of the network that is loaded
        self._skeleton_info: Any = None
        self._listening = Listening(transport, self._warn)
        self._turn_s = 0.0  # when the last image was due, with max_rate

    @property
    def state(self) -> str:
        """Where the node is in its life."""
        return self._state

    @property
    def params(self) -> NodeParams:
        """The parameters that hold now."""
        return self._params

    def configure(
        self, stopped: Callable[[], bool] = lambda: False, assigned: Collection[str] = ()
    ) -> None:
        """
        Load the network and warm it up, however long that takes.

        Parameters
        ----------
        stopped : callable
            Asked now and then whether to give up.
        assigned : collection of str
            Parameters that were given by name, not in a file: those of another decoder than the
            network's are refused.

        Raises
        ------
        KeyboardInterrupt
            If it gave up.
        OpenPoseError
            With one line, if that fails; the node is unconfigured then, and holds nothing.

        """
        with self._transition:
            if self._state in ('inactive', 'active'):
                return
            self._require('unconfigured', 'configured')
            self._set_state('configuring')
            self._abandoned.clear()
            try:
                check_assigned(self._params.model, assigned)
                self._worker.start(stopped)
            except BaseException as exc:
                self._abandoned.set()
                self._worker.stop(_LOADING_PATIENCE_S)
                self._forget_network()
                if isinstance(exc, OpenPoseError) or not isinstance(exc, Exception):
                    raise
                raise EngineError(f'the network cannot be loaded: {one_line(exc)}') from exc
            self._set_state('inactive')

    def activate(self) -> None:
        """Say which skeleton is published, and work on images from now on."""
        with self._transition:
            if self._state == 'active':
                return
            self._require('inactive', 'activated')
            self._listening.begin()
            self._transport.publish('skeleton_info', self._skeleton_info)
            self._set_state('active')
            self._processing.expect(self._params)
            self._worker.accept()

    def deactivate(self) -> None:
        """Let the image in hand be published, then work on none; the network stays loaded."""
        with self._transition:
            if self._state != 'active':
                return
            if not self._worker.pause(_PATIENCE_S):
                self._log_stuck('its result will not be published')
            self._set_state('inactive')
            self._processing.forget()

    def cleanup(self) -> None:
        """Free the network; from 'active' too, after a failure say."""
        with self._transition:
            if self._state == 'finalized':
                return
            if not self._worker.stop(_PATIENCE_S):
                self._log_stuck('its thread and its memory are left behind')
            self._forget_network()

    def shutdown(self) -> None:
        """Free everything, for ever."""
        with self._transition:
            self.cleanup()
            self._set_state('finalized')

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """
        Change parameters, from the next image on: all of them, or if one is refused none.

        Raises
        ------
        ParameterError
            If a name is unknown, a value out of range or more than the skeleton has, or only
            taken over when the node is configured, and it is configured; or of another decoder
            than the network's.

        """
        with self._changing:
            configured = self._state != 'unconfigured'
            changed = updated(self._params, values, configured=configured)
            if self._spec is not None:
                before = self._params
                check_names(
                    self._spec,
                    [name for name in values if getattr(changed, name) != getattr(before, name)],
                )
                params_for(self._spec, changed)
                check_augmentation(changed, self._spec)
            self._params = changed
            if self._state == 'active':
                self._processing.expect(changed)

    def ignored(self) -> frozenset[str]:
        """Return the parameters that the network's decoder has not, while one is loaded."""
        spec = self._spec
        return frozenset() if spec is None else foreign_names(spec.decoder)

    def set_enabled(self, enabled: bool) -> None:
        """Work on images, or drop them; the network stays loaded."""
        self.set_parameters({'enabled': enabled})

    def on_image(self, message: Any) -> None:
        """Take an Image or CompressedImage; it must not change afterwards."""
        now = monotonic()
        self._listening.heard(now)
        reason = self._reason_to_refuse(now)
        if reason:
            self._worker.refuse(reason)
        else:
            arrival, wait_s = self._measuring.arrived(message, now, self._params)
            self._worker.put(arrival, wait_s)
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

    def inputs(self) -> list[Input]:
        """Return what a transport subscribes to besides the image, with these parameters."""
        guard, params = self.guard.around, self._params
        inputs = [
            Input(
                'camera_info',
                CAMERA_INFO,
                guard('a camera_info', self.on_camera_info),
                image='image',
            )
        ]
        if params.depth:
            packed = params.depth_transport != 'raw'
            inputs += [
                Input(
                    'depth_image',
                    COMPRESSED if packed else IMAGE,
                    guard('a depth image', self.on_depth_image),
                    f'/{params.depth_transport}' if packed else '',
                ),
                Input(
                    'depth_camera_info',
                    CAMERA_INFO,
                    guard('a depth_camera_info', self.on_depth_camera_info),
                    image='depth_image',
                ),
            ]
        return inputs

    def on_timer(self) -> None:
        """Look, about once a second, whether images come; warn if not."""
        self._processing.on_timer(self._params)
        self._listening.look(self._params.no_image_timeout, expecting=self._state == 'active')

    def counts(self) -> Counts:
        """Return what became of every image so far."""
        return self._worker.counts()

    def diagnostics(self) -> Status:
        """Say how the node is doing."""
        summary = self._recorder.summary()
        return describe(
            self._state,
            self._facts,
            self.counts(),
            summary,
            silent=self._listening.silent,
            clockless=self._transport.now_ns() == 0,
            faults=self.guard.count,
        )

    def _promote(self) -> None:
        """Let the newest image whose depth is there be worked on."""
        params = self._params
        self._worker.promote(lambda arrival: self._measuring.completed(arrival, params))

    def _require(self, state: str, done: str) -> None:
        if self._state != state:
            raise TransitionError(
                f'the node is {self._state} and cannot be {done}; it must be {state} for that'
            )

    def _set_state(self, state: str) -> None:
        with self._changing:
            self._state = state

    def _forget_network(self) -> None:
        self._processing.close()
        self._facts = {}
        with self._changing:
            self._state, self._spec = 'unconfigured', None

    def _reason_to_refuse(self, now_s: float) -> str:
        """Say why an image is not even kept, or ''."""
        params = self._params
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

    def _is_heard(self) -> bool:
        subscribers = self._transport.subscribers
        return any(subscribers(output) for output in _RESULTS) or self._processing.is_heard()

    def _load(self) -> PoseEstimator:
        """Open the network and tell what it is; in the worker's thread."""
        started = perf_counter()
        self._transport.log(
            'info', 'loading the network; the first time, compiling the parser takes a while too'
        )
        self._processing.prepare(self._params)
        with engine_log(self._transport):
            estimator = load_estimator(self._params, self._on_build, self._open_estimator)
        try:
            self._introduce(estimator, perf_counter() - started)
        except BaseException:
            estimator.close()
            raise
        return estimator

    def _on_build(self, part: float, what: str) -> None:
        """Tell how far the build of an engine is; in a thread of who builds it."""
        if self._abandoned.is_set():
            raise TransitionError('the node was stopped while its engine was built')
        said = f'{part:.0%}: {what}'
        self._facts = {'building the engine': said}
        if self._throttle.passes('build') is not None:
            self._transport.log('info', f'building the engine, {said}')
        if self._shown.passes('build') is not None:
            self._show(self.diagnostics())

    def _introduce(self, estimator: PoseEstimator, seconds: float) -> None:
        spec, engine, types = estimator.spec, estimator.engine, self._transport.types
        with self._changing:  # one that came while the network was loaded
            params_for(spec, self._params)
            check_augmentation(self._params, spec)
            self._spec = spec
        self._skeleton_info = skeleton_info_of(types, estimator, self._transport.now_ns())
        if line := check_body(estimator.parts.face, spec):
            self._transport.log('warning', line)
        self._facts = {
            'model': spec.name,
            'engine': engine.description,
            'precision': engine.precision,
            'net resolution': '{}x{}'.format(*estimator.net_resolution),
        }
        self._transport.log(
            'info',
            f'{spec.name} runs with {engine.description}, {engine.precision}; loaded and warm '
            f'after {seconds:.1f} s',
        )

    def _work(self, estimator: PoseEstimator, arrival: Arrival) -> str:
        return self._processing.work(estimator, arrival, self._params)

    def _is_wanted(self) -> bool:
        return self._state == 'active' and not self._worker.left_behind()

    def _report(self, exc: BaseException) -> None:
        text = one_line(exc)
        self._recorder.failed(text)
        self._warn(f'dropped an image: {text}')

    def _log_stuck(self, consequence: str) -> None:
        self._transport.log(
            'warning', f'an image is still being worked on after {_PATIENCE_S:g} s: {consequence}'
        )

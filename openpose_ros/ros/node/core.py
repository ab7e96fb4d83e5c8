"""
The node without its transport: states, one network, and the cameras that share it.

A transport (rclpy's, DDS's) makes a `PoseNode` and calls its transitions; it subscribes to its
`inputs` after `activate` and unsubscribes before `deactivate`, calls `on_timer` about once a
second, shows `diagnostics`, and does what `NodeTransport` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import threading
from time import perf_counter
from typing import Any

from openpose_ros.augmentation import check_augmentation
from openpose_ros.errors import EngineError, OpenPoseError, TransitionError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import ModelSpec
from openpose_ros.parsing.decoders import check_names, foreign_names, params_for
from openpose_ros.parts.finder import check_body
from openpose_ros.ros.node.assigned import check_assigned
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.camera import Camera, Worker
from openpose_ros.ros.node.camera_transport import CameraTransport, TransformWishes
from openpose_ros.ros.node.diagnostics import Status, status_name
from openpose_ros.ros.node.engine_log import engine_log
from openpose_ros.ros.node.guard import Guard, one_line
from openpose_ros.ros.node.loading import (
    OpenEstimator,
    load_estimator,
    open_estimator,
    skeleton_info_of,
)
from openpose_ros.ros.node.newest import NewestWorker
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.throttle import Throttle
from openpose_ros.ros.node.transport import Input, NodeTransport
from openpose_ros.ros.node.viewing import Change, NodeView, ReadOptions
from openpose_ros.view.options import view_options

_PATIENCE_S = 4.0  # with the image in hand, when the node is to stop
_LOADING_PATIENCE_S = 1.0  # with a network that is being loaded, of which nothing can be lost
_WARN_EVERY_S = 5.0
_SHOW_EVERY_S = 1.0
_DEFAULT_PARAMS = NodeParams()


class PoseNode:
    """
    A node that finds people in images.

    Its states are 'unconfigured', 'inactive' (the network is loaded and warm), 'active' and
    'finalized'; while it loads, 'configuring'. A transition to where the node is already does
    nothing; one that its state does not allow raises a TransitionError. Transitions wait for each
    other; every other method may be called at any time from any thread and returns at once.

    Parameters
    ----------
    transport : NodeTransport
        Publishes, asks and logs.
    params : NodeParams
        What the node starts with.
    open_estimator : callable
        Does what `loading.open_estimator` does; called in the thread that will use the estimator.
    show : callable
        Publishes diagnostics at once, from any thread: while the node is configured, when a
        transport cannot do so by itself, and when a camera comes back.
    change : callable, optional
        Sets parameters that the page changes, as a client of the node would; by default
        `set_parameters`.
    read_options : callable
        Takes the parameter `view`, and returns how the page is served.

    Attributes
    ----------
    guard : Guard
        For a transport's callbacks: what they raise is logged and counted.

    """

    def __init__(
        self,
        transport: NodeTransport,
        params: NodeParams = _DEFAULT_PARAMS,
        open_estimator: OpenEstimator = open_estimator,
        show: Callable[[dict[str, Status]], object] = lambda _: None,
        change: Change | None = None,
        read_options: ReadOptions = view_options,
    ) -> None:
        self._transport = transport
        self._params = params
        self._open_estimator = open_estimator
        self._show = show
        self._abandoned = threading.Event()
        self._state = 'unconfigured'
        self._transition = threading.RLock()
        self._changing = threading.Lock()  # of parameters, and of the state that allows it
        self._throttle = Throttle(_WARN_EVERY_S)
        self.guard = Guard(transport.log)
        self._shown = Throttle(_SHOW_EVERY_S)
        self._facts: dict[str, str] = {}
        self._spec: ModelSpec | None = None  # of the network that is loaded
        self._skeleton_info: Any = None
        self._bodies = Bodies(transport)
        self._wishes = TransformWishes(transport)
        self._view = NodeView(
            change or self.set_parameters, lambda: self._params, transport.log, read_options
        )
        self._worker: Worker
        self._cameras: tuple[Camera, ...] = ()
        self._arrange()

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """Those whose images it works on; other ones after the parameter changed."""
        return self._cameras

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
            for camera in self._cameras:
                camera.begin()
            self._transport.publish('skeleton_info', self._skeleton_info)
            self._set_state('active')
            for camera in self._cameras:
                camera.expect()
            self._worker.accept()

    def deactivate(self) -> None:
        """Let the image in hand be published, then work on none; the network stays loaded."""
        with self._transition:
            if self._state != 'active':
                return
            if not self._worker.pause(_PATIENCE_S):
                self._log_stuck('its result will not be published')
            self._set_state('inactive')
            for camera in self._cameras:
                camera.forget()

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
            changed = self._params.updated(values, configured=configured)
            if self._spec is not None:
                before = self._params
                check_names(
                    self._spec,
                    [name for name in values if _value(changed, name) != _value(before, name)],
                )
                params_for(self._spec, changed)
                check_augmentation(changed, self._spec)
            self._params = changed
            if changed.cameras != tuple(camera.name for camera in self._cameras):
                self._arrange()
            for camera in self._cameras:
                camera.params = changed.of(camera.name)
                if self._state == 'active':
                    camera.expect()
            if configured:
                self._bodies.expect(changed)

    def ignored(self) -> frozenset[str]:
        """Return the parameters that the network's decoder has not, while one is loaded."""
        spec = self._spec
        return frozenset() if spec is None else foreign_names(spec.decoder)

    def set_enabled(self, enabled: bool) -> None:
        """Work on images, or drop them; the network stays loaded."""
        self.set_parameters({'enabled': enabled})

    def inputs(self) -> list[Input]:
        """Return what a transport subscribes to, with the parameters of now."""
        return [one for camera in self._cameras for one in camera.inputs(self.guard)]

    def on_timer(self) -> None:
        """Look, about once a second, whether images come; warn if not."""
        for camera in self._cameras:
            camera.on_timer(expecting=self._state == 'active')

    def diagnostics(self) -> dict[str, Status]:
        """Say how each camera is doing, by `status_name`."""
        return {
            status_name(camera.name): camera.diagnostics(
                self._state, self._facts, self.guard.count
            )
            for camera in self._cameras
        }

    def _arrange(self) -> None:
        """Make the cameras anew, with a worker that has run for no others."""
        self._worker = NewestWorker(
            'openpose_ros worker',
            setup=self._load,
            teardown=PoseEstimator.close,
            report=self._report,
        )
        self._cameras = tuple(map(self._camera, self._params.cameras))

    def _camera(self, name: str) -> Camera:
        transport = CameraTransport(
            self._transport, name, self._wishes, lambda: name == self._params.target_source
        )
        return Camera(
            name,
            transport,
            self._worker,
            self._params.of(name),
            self._bodies,
            lambda: self._state == 'active',
            lambda: self._show(self.diagnostics()),
            self._view.of(name),
        )

    def _require(self, state: str, done: str) -> None:
        if self._state != state:
            raise TransitionError(
                f'the node is {self._state} and cannot be {done}; it must be {state} for that'
            )

    def _set_state(self, state: str) -> None:
        with self._changing:
            self._state = state

    def _forget_network(self) -> None:
        self._view.close()
        for camera in self._cameras:
            camera.close()
        self._facts = {}
        with self._changing:
            self._state, self._spec = 'unconfigured', None

    def _load(self) -> PoseEstimator:
        """Open the network and tell what it is; in the worker's thread."""
        started = perf_counter()
        self._transport.log(
            'info', 'loading the network; the first time, compiling the parser takes a while too'
        )
        names = [camera.name for camera in self._cameras]
        self._view.open(names, [self._transport.image_topic(name) for name in names])
        for camera in self._cameras:
            camera.prepare()
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
        self._view.introduce(spec)
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

    def _report(self, exc: BaseException) -> None:
        self._transport.log('warning', f'the network cannot be closed: {one_line(exc)}')

    def _log_stuck(self, consequence: str) -> None:
        self._transport.log(
            'warning', f'an image is still being worked on after {_PATIENCE_S:g} s: {consequence}'
        )


def _value(params: NodeParams, name: str) -> Any:
    """Return what a parameter is, of all cameras or of a single one."""
    return params.overrides.get(name) if '.' in name else getattr(params, name)

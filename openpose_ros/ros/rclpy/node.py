"""The node in ROS 2: a lifecycle node that also works without a manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
import sys
from threading import Lock
from typing import Any

from diagnostic_updater import DiagnosticStatusWrapper, Updater
from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_srvs.srv import SetBool

from openpose_ros.errors import OpenPoseError, ParameterError
from openpose_ros.ros.node.camera_names import is_override
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.loading import OpenEstimator, open_estimator
from openpose_ros.ros.node.params_file import (
    can_be_read_again,
    check_can_be_read_again,
    check_known,
    read_params_files,
    ros_arguments,
)
from openpose_ros.ros.node.rules import unused_arguments
from openpose_ros.ros.node.transport import CAMERA_INFO, COMPRESSED, IMAGE, Input
from openpose_ros.ros.rclpy.declared import DECLARATIONS, Declared
from openpose_ros.ros.rclpy.services import guard_services
from openpose_ros.ros.rclpy.transport import RclpyTransport
from openpose_ros.signals import Stop

_NEWEST = rclpy.qos.QoSProfile(
    depth=1,
    reliability=qos_profile_sensor_data.reliability,
    durability=qos_profile_sensor_data.durability,
)
_INPUTS = {
    CAMERA_INFO: CameraInfo,
    COMPRESSED: CompressedImage,
    IMAGE: Image,
}
_NODE_NAME = 'openpose'
_CHANGE_S = 5.0  # how long the page waits for a change
_SHORTEST_S = 0.05  # between two diagnostics: a timer of 0 is always due
_GLANCE_S = 0.1  # how long a signal may wait until it is seen


class OpenPoseNode(LifecycleNode):
    """
    Finds people in a camera's images; see docs/ros2.md for topics and services.

    Loads and warms everything in configure, subscribes in activate, keeps the network in
    deactivate, and frees it in cleanup, shutdown and after an error.

    Parameters
    ----------
    open_estimator : callable
        As `PoseNode` takes it.
    stopped : callable
        Asked, while the network is loaded, whether to give up: with a KeyboardInterrupt.
    arguments : sequence of str
        The command line, whose parameter files are checked in configure and read by `reload`.
        What they hold came into the node with its context.
    **options
        As rclpy's nodes take them.

    """

    def __init__(
        self,
        open_estimator: OpenEstimator = open_estimator,
        stopped: Callable[[], bool] = lambda: False,
        arguments: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(_NODE_NAME, **options)
        self._stopped = stopped
        self._arguments = tuple(arguments)
        self._subscriptions_open: list[Subscription] = []
        self._declared = Declared(self)
        self._transport = RclpyTransport(self)
        self._core = PoseNode(
            self._transport,
            open_estimator=open_estimator,
            show=lambda _: self._update_diagnostics(),
            change=self._change,
        )
        with suppress(ParameterError):  # configure says so; until then it is one camera
            self._core.set_parameters({'cameras': self._declared.value('cameras')})
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        guard = self._core.guard
        self.create_timer(1.0, guard.around('the timer', self._on_timer), clock=self._steady)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self._updater = Updater(self, period=1.0)
        # Its own timer goes by ROS time, which may never begin.
        self.destroy_timer(self._updater.timer)
        self.create_timer(
            max(self._updater.period, _SHORTEST_S),
            guard.around('diagnostics', self._update_diagnostics),
            clock=self._steady,
        )
        self._updater.setHardwareID('openpose_ros')
        self._diagnosing = Lock()
        self._diagnosed: list[str] = []  # names of statuses
        guard_services(self, guard)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm the network in the worker thread; wait for it."""
        return self._attempt(self._configure, 'configure')

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the images."""
        return self._attempt(self._activate, 'activate')

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; keep the network."""
        return self._attempt(self._deactivate, 'deactivate')

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network."""
        return self._attempt(self._cleanup, 'clean up')

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything."""
        return self._attempt(self._shutdown, 'shut down')

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the network, so that the node can be configured anew."""
        return self._attempt(self._cleanup, 'recover')

    def autostart(self) -> None:
        """Configure and activate, if the parameter says so; a failure leaves it unconfigured."""
        if not self.get_parameter('autostart').value:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def spin_once(self, executor: Executor) -> None:
        """Serve what comes within a tenth of a second; what fails is told and counted."""
        try:
            executor.spin_once(timeout_sec=_GLANCE_S)
        except ExternalShutdownException:
            raise
        except Exception as exc:  # noqa: BLE001  of rclpy's own; ours are guarded one by one
            self._core.guard.failed('a callback', exc)

    def reload(self) -> None:
        """Take over what the parameter files of the command line say now, or nothing of it."""
        self._core.guard.around('reading the parameters again', self._reload)()

    def _reload(self) -> None:
        if '--params-file' not in self._arguments:
            self._transport.log(
                'warning', 'nothing was read at SIGHUP: start the node with --params-file F'
            )
            return
        try:
            name = self.get_fully_qualified_name()
            check_can_be_read_again(ros_arguments(self._arguments, name)[0])
            values, _ = self._read_files()
            ignored = self._core.ignored()  # the file may hold those of every decoder
            changed = [
                Parameter(name, value=value)
                for name, value in values.items()
                if name in self._declared.known() - ignored and self._declared.value(name) != value
            ]
            result = self.set_parameters_atomically(changed)
            if not result.successful:
                raise ParameterError(result.reason)
        except OpenPoseError as exc:
            self._transport.log('error', f'nothing was changed: {exc}')
        else:
            self._transport.log('info', 'the parameters were read again')

    def destroy_node(self) -> None:
        """Free everything, whatever state the node is in."""
        self._shutdown()
        super().destroy_node()

    def _attempt(self, action: Callable[[], None], name: str) -> TransitionCallbackReturn:
        try:
            action()
        except OpenPoseError as exc:
            self._transport.log('error', f'cannot {name}: {exc}')
            return TransitionCallbackReturn.FAILURE
        except Exception as exc:  # noqa: BLE001  on_error tidies up; the node can be configured anew
            self._core.guard.failed(f'the transition {name}', exc)
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        given, assigned = self._read_files()
        values = self._declared.values()
        if values['cameras'] == given.get('cameras', values['cameras']):  # not other ones by now
            # Of cameras that are not there ROS is silent: what is said of them is refused here.
            values = {**{name: given[name] for name in given if is_override(name)}, **values}
        self._core.set_parameters(values)
        self._declared.narrow()
        params = self._core.params
        if line := unused_arguments(_NODE_NAME, self._arguments, params.cameras):
            self._transport.log('warning', line)
        self._transport.open(params.image_transports, params.optional_outputs)
        try:
            self._core.configure(self._stopped, assigned)
        except BaseException:
            self._transport.close()
            raise

    def _read_files(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """
        Return what the command line gives this node, and of it what is not in files.

        Of what it does not know ROS is silent.
        """
        name = self.get_fully_qualified_name()
        files, assigned = ros_arguments(self._arguments, name)
        check_known(assigned, DECLARATIONS)
        files = [file for file in files if can_be_read_again(file)]  # rcl has emptied a pipe
        values, odd = read_params_files(files, name, DECLARATIONS, assigned)
        for line in odd:
            self._transport.log('warning', line)
        return {**values, **assigned}, assigned

    def _activate(self) -> None:
        try:
            self._core.activate()
            self._subscribe()
        except BaseException:
            self._deactivate()
            raise

    def _subscribe(self) -> None:
        self._subscriptions_open = list(map(self._subscription, self._core.inputs()))

    def _subscription(self, one: Input) -> Subscription:
        overriding = None
        if one.images_of is not None:
            overriding = QoSOverridingOptions.with_default_policies()
        return self.create_subscription(
            _INPUTS[one.type_name],
            self._transport.resolved(one.topic, one.ending),
            one.callback,
            _NEWEST,
            qos_overriding_options=overriding,
        )

    def _deactivate(self) -> None:
        self._unsubscribe()
        self._core.deactivate()

    def _cleanup(self) -> None:
        self._unsubscribe()
        self._core.cleanup()
        self._transport.close()

    def _shutdown(self) -> None:
        self._unsubscribe()
        self._core.shutdown()
        self._transport.close()

    def _unsubscribe(self) -> None:
        subscriptions, self._subscriptions_open = self._subscriptions_open, []
        for subscription in subscriptions:
            self.destroy_subscription(subscription)

    def _on_timer(self) -> None:
        self._core.on_timer()
        self._declared.follow()  # the cameras may change, and `ros2 param delete` takes away

    def _on_set_parameters(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        try:
            self._core.set_parameters(self._declared.ours(parameters))
        except OpenPoseError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
        return SetParametersResult(successful=True)

    def _change(self, values: Mapping[str, Any]) -> None:
        """Set parameters as a client would, in the thread that serves them; for other threads."""
        executor = self.executor
        if executor is None:
            raise ParameterError('the node serves nothing yet; try again in a moment')
        parameters = [
            Parameter(name, value=DECLARATIONS[name].checked(value))
            for name, value in values.items()
        ]
        answers: SimpleQueue[str] = SimpleQueue()

        def set_them() -> None:
            answer = 'the parameters could not be set'
            try:
                result = self.set_parameters_atomically(parameters)
                answer = '' if result.successful else result.reason or answer
            finally:
                answers.put(answer)

        executor.create_task(self._core.guard.around('a change from the page', set_them))
        try:
            refusal = answers.get(timeout=_CHANGE_S)
        except Empty:
            raise ParameterError(
                'the node is busy; see whether it was set, or try again'
            ) from None
        if refusal:
            raise ParameterError(refusal)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        # By the parameter, so that there is one place that says whether the node is enabled.
        result = self.set_parameters([Parameter('enabled', value=bool(request.data))])[0]
        response.success = result.successful
        response.message = result.reason or ('enabled' if request.data else 'disabled')
        return response

    def _update_diagnostics(self) -> None:
        """Publish how each camera is doing; those that are gone are no longer told of."""
        around = self._core.guard.around
        with self._diagnosing:
            names = list(self._core.diagnostics())
            for name in self._diagnosed:
                if name not in names:
                    self._updater.removeByName(name)
            for name in names:
                if name not in self._diagnosed:
                    diagnose = partial(self._diagnose, name)
                    self._updater.add(name, around('diagnostics', diagnose, lambda same: same))
            self._diagnosed = names
            self._updater.force_update()

    def _diagnose(self, name: str, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        found = self._core.diagnostics()[name]
        status.summary(bytes([found.level]), found.message)
        for key, value in found.values.items():
            status.add(key, value)
        return status


def main(stop: Stop, arguments: Sequence[str] | None = None) -> int:
    """Run the node until asked to stop; return the exit status."""
    with stop.noted():
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        node = None
        try:
            node = OpenPoseNode(
                stopped=lambda: stop.requested,
                arguments=sys.argv[1:] if arguments is None else arguments,
            )
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            node.autostart()
            while not stop.requested:
                node.spin_once(executor)
                if stop.take_reload():
                    node.reload()
        except (KeyboardInterrupt, ExternalShutdownException):  # as it was loading; by rclpy
            pass
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0

"""The node in ROS 2: a lifecycle node that also works without a manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from diagnostic_updater import DiagnosticStatusWrapper, Updater
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_srvs.srv import SetBool

from openpose_ros.errors import OpenPoseError
from openpose_ros.parameters import Declaration
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.loading import OpenEstimator, open_estimator
from openpose_ros.ros.node.parameters import (
    node_declarations,
    ros_constraints,
    ros_default,
    ros_range,
    ros_type,
)
from openpose_ros.ros.rclpy.transport import RclpyTransport

_NEWEST = rclpy.qos.QoSProfile(
    depth=1,
    reliability=qos_profile_sensor_data.reliability,
    durability=qos_profile_sensor_data.durability,
)
_DECLARATIONS = {item.name: item for item in node_declarations()}


class OpenPoseNode(LifecycleNode):
    """
    Finds people in a camera's images; see docs/ros2.md for topics and services.

    Loads and warms everything in configure, subscribes in activate, keeps the network in
    deactivate, and frees it in cleanup, shutdown and after an error.

    Parameters
    ----------
    open_estimator : callable
        As `PoseNode` takes it.
    **options
        As rclpy's nodes take them.

    """

    def __init__(self, open_estimator: OpenEstimator = open_estimator, **options: Any) -> None:
        super().__init__('openpose', **options)
        self._subscriptions_open: list[Subscription] = []
        # Declared as wide as can be: what is wrong is refused in configure, with one line. The
        # ranges are declared there, too.
        for name, item in _DECLARATIONS.items():
            self.declare_parameter(name, ros_default(item), _descriptor(item, with_range=False))
        self._transport = RclpyTransport(self)
        self._core = PoseNode(
            self._transport,
            open_estimator=open_estimator,
            show=lambda _: self._updater.force_update(),
        )
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._core.on_timer, clock=self._steady)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self._updater = Updater(self, period=1.0)
        self._updater.setHardwareID('openpose_ros')
        self._updater.add('pose estimation', self._diagnose)

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
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        values = {name: self._value(name) for name in _DECLARATIONS}
        self._core.set_parameters(values)
        for name, item in _DECLARATIONS.items():
            self.set_descriptor(name, _descriptor(item, with_range=True))
        topic = self.resolve_topic_name('image')
        if values['image_transport'] == 'compressed':
            topic += '/compressed'
        self._transport.open(topic)
        try:
            self._core.configure()
        except BaseException:
            self._transport.close()
            raise

    def _activate(self) -> None:
        self._core.activate()
        compressed = self._core.params.image_transport == 'compressed'
        self._subscriptions_open = [
            self.create_subscription(
                CompressedImage if compressed else Image,
                self._transport.image_topic(),
                self._core.on_image,
                _NEWEST,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            ),
            self.create_subscription(
                CameraInfo, 'camera_info', self._core.on_camera_info, qos_profile_sensor_data
            ),
        ]

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

    def _value(self, name: str) -> Any:
        return _plain(self.get_parameter(name))

    def _on_set_parameters(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        ours = {p.name: _plain(p) for p in parameters if p.name in _DECLARATIONS}
        try:
            self._core.set_parameters(ours)
        except OpenPoseError as exc:
            return SetParametersResult(successful=False, reason=str(exc))
        return SetParametersResult(successful=True)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        # By the parameter, so that there is one place that says whether the node is enabled.
        result = self.set_parameters([Parameter('enabled', value=bool(request.data))])[0]
        response.success = result.successful
        response.message = result.reason or ('enabled' if request.data else 'disabled')
        return response

    def _diagnose(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        found = self._core.diagnostics()
        status.summary(bytes([found.level]), found.message)
        for key, value in found.values.items():
            status.add(key, value)
        return status


def _plain(parameter: Parameter) -> Any:
    """Return a parameter's value; arrays as lists."""
    value = parameter.value
    return list(value) if parameter.type_ == Parameter.Type.INTEGER_ARRAY else value


def _descriptor(item: Declaration, *, with_range: bool) -> ParameterDescriptor:
    # Dynamic typing lets 1 be given for 1.0; our own check refuses what is no number.
    descriptor = ParameterDescriptor(
        description=item.description,
        additional_constraints=ros_constraints(item),
        dynamic_typing=True,
    )
    ends = ros_range(item)
    if with_range and ends is not None:
        low, high, step = ends
        if ros_type(item) == 'double':
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=low, to_value=high, step=step)
            ]
        else:
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=step)]
    return descriptor


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    rclpy.init(args=arguments)
    node = None
    try:
        node = OpenPoseNode()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.autostart()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0

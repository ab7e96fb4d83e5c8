"""Requests that rclpy answers with an exception, which ends the node: answered with a no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.lifecycle import LifecycleNode

from openpose_ros.ros.node.guard import Guard, one_line

Callback = Callable[[Any, Any], Any]


def guard_services(node: LifecycleNode, guard: Guard) -> None:
    """
    Let every request to a node be answered: the node's own services and those of rclpy.

    Parameters
    ----------
    node : LifecycleNode
        With all its services.
    guard : Guard
        Counts and tells what fails.

    """
    for service in node.services:
        callback, kind = service.callback, service.srv_type
        if kind is ChangeState:
            callback = _change_state(node, callback)
        elif kind is SetParameters:
            callback = _set_parameters(callback)
        elif kind is SetParametersAtomically:
            callback = _set_parameters_atomically(callback)
        service.callback = guard.around(
            f'a request to {service.srv_name}', callback, lambda _, response: type(response)()
        )


def _change_state(node: LifecycleNode, callback: Callback) -> Callback:
    """Refuse transitions that are unknown, or that the state does not have; rcl would raise."""

    def answer(request: ChangeState.Request, response: ChangeState.Response) -> Any:
        wanted = request.transition
        state = node._state_machine.current_state[1]
        possible = [entry[:2] for entry in node._state_machine.available_transitions]
        if any(
            label == wanted.label if wanted.label else number == wanted.id
            for number, label in possible
        ):
            return callback(request, response)
        labels = ', '.join(label for _, label in possible) or 'nothing'
        node.get_logger().warning(
            f'a request for the transition {wanted.label or wanted.id} was refused: the node is '
            f'{state}, and can {labels}; under a lifecycle manager start it with autostart:=false'
        )
        response.success = False
        return response

    return answer


def _set_parameters(callback: Callback) -> Callback:
    """Answer for each parameter, whatever another one of the request is."""

    def answer(request: SetParameters.Request, response: SetParameters.Response) -> Any:
        for parameter in request.parameters:
            try:
                one = callback(
                    SetParameters.Request(parameters=[parameter]), SetParameters.Response()
                )
                response.results.extend(one.results)
            except Exception as exc:  # noqa: BLE001  a type that does not exist
                response.results.append(_refusal(exc))
        return response

    return answer


def _set_parameters_atomically(callback: Callback) -> Callback:
    def answer(
        request: SetParametersAtomically.Request, response: SetParametersAtomically.Response
    ) -> Any:
        try:
            return callback(request, response)
        except Exception as exc:  # noqa: BLE001  as above
            response.result = _refusal(exc)
            return response

    return answer


def _refusal(exc: Exception) -> SetParametersResult:
    return SetParametersResult(successful=False, reason=one_line(exc))

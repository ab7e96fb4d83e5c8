"""The node's parameters with rclpy: declared, those of single cameras too, and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from openpose_ros.parameters import Declaration
from openpose_ros.ros.node.camera_names import override_declarations, override_names
from openpose_ros.ros.node.declared import (
    node_declarations,
    ros_constraints,
    ros_default,
    ros_range,
    ros_type,
)

DECLARATIONS = {item.name: item for item in node_declarations()}
_NULL = 'null'  # as rcl reads what `ros2 param dump` writes of a parameter that is not set
_ARRAYS = (Parameter.Type.INTEGER_ARRAY, Parameter.Type.STRING_ARRAY)


class Declared:
    """
    Parameters as a node has them.

    They are declared as wide as can be: what is wrong is refused in configure, with one line;
    `narrow` declares the ranges.

    Parameters
    ----------
    node : Node
        Has none of them yet.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        for name, item in DECLARATIONS.items():
            node.declare_parameter(name, ros_default(item), _descriptor(item, with_range=False))
        self._single: dict[str, Declaration] = {}  # parameters of single cameras
        self.follow()

    def follow(self) -> None:
        """
        Let what may be said of single cameras be set; where nothing is, it holds as of all.

        Which cameras there are can be said when the node is made, and while it is unconfigured.
        """
        node, cameras = self._node, self.value('cameras')
        names = cameras if isinstance(cameras, list) else []  # if not, configure says so
        wanted = override_names(names)
        if wanted != list(self._single):
            for name in self._single.keys() - wanted:
                if node.has_parameter(name):
                    node.undeclare_parameter(name)
            self._single = override_declarations(names, DECLARATIONS)
        for name, item in self._single.items():
            if not node.has_parameter(name):
                descriptor = _descriptor(item, with_range=False)
                if node.declare_parameter(name, None, descriptor).value == _NULL:
                    node.undeclare_parameter(name)
                    node.declare_parameter(name, None, descriptor, ignore_override=True)

    def narrow(self) -> None:
        """Say which ranges numbers have."""
        for name, item in {**DECLARATIONS, **self._single}.items():
            self._node.set_descriptor(name, _descriptor(item, with_range=True))

    def known(self) -> set[str]:
        """Return the names of all, those of single cameras too."""
        return {*DECLARATIONS, *self._single}

    def value(self, name: str) -> Any:
        """Return what one of them is; arrays as lists."""
        return _plain(self._node.get_parameter(name))

    def values(self) -> dict[str, Any]:
        """Return what all of them are, for the cameras that there are now."""
        self.follow()
        return {name: self.value(name) for name in (*DECLARATIONS, *self._single)}

    def ours(self, parameters: Iterable[Parameter]) -> dict[str, Any]:
        """Return what is to be set of ours; None of a single camera: as of all."""
        known = self.known()
        return {
            p.name: None if p.name in self._single and p.value == _NULL else _plain(p)
            for p in parameters
            if p.name in known
        }


def _plain(parameter: Parameter) -> Any:
    """Return a parameter's value; arrays as lists."""
    value = parameter.value
    return list(value) if parameter.type_ in _ARRAYS else value


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

"""The node over DDS: the same as rclpy's, without a ROS installation and without its services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from openpose_ros.errors import OpenPoseError, ParameterError
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.dds.transport import DdsTransport
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.declared import node_declarations
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.params_file import (
    assigned_values,
    check_can_be_read_again,
    read_params_files,
)
from openpose_ros.ros.node.rules import unused_rules
from openpose_ros.ros.node.throttle import Throttle
from openpose_ros.ros.node.viewing import ReadOptions
from openpose_ros.signals import Stop
from openpose_ros.view.options import view_options

NODE_NAME = 'openpose'
_SETTINGS = ('use_sim_time', 'qos_overrides.')  # of the transport, not of the node
_OF_RCLPY = ('start_type_description_service', 'diagnostic_updater.')
_KNOWN = tuple(item.name for item in node_declarations())
_TICK_S = 1.0
_GLANCE_S = 0.1  # how long a signal may wait until it is seen


class DdsNode:
    """
    The node, from its parameters to its end.

    Parameters
    ----------
    log : callable
        Takes a level ('debug', 'info', 'warning', 'error') and a line.
    rules : sequence of str
        Remapping rules, as `Names.from_rules` takes them.
    params_files : sequence of Path
        Later ones go before earlier ones.
    assignments : sequence of str
        NAME:=VALUE, or NODE:NAME:=VALUE for the node of that name; these go before the files.
    read_view_options : callable
        As `PoseNode` takes its `read_options`.

    Raises
    ------
    ParameterError
        If a rule, a file or a parameter is wrong.

    """

    def __init__(
        self,
        log: Callable[[str, str], None],
        *,
        rules: Sequence[str] = (),
        params_files: Sequence[Path] = (),
        assignments: Sequence[str] = (),
        read_view_options: ReadOptions = view_options,
    ) -> None:
        self.names = Names.from_rules(NODE_NAME, rules)
        self._log = log
        self._read_view_options = read_view_options
        self._files = tuple(params_files)
        self._assignments = assigned_values(assignments, self.names.full)
        self._params, self._settings = self._read_parameters()

    def run(self, stop: Stop) -> None:
        """
        Join the network, load the model, and work on images until asked to stop.

        Parameters
        ----------
        stop : Stop
            In the stretch `noted`: what a signal raises while messages are received crashes. When
            it asks to reload, the parameter files are read again.

        Raises
        ------
        OpenPoseError
            If it cannot begin.

        """
        with Participant(self.names) as participant:
            transport = DdsTransport(
                participant,
                self._log,
                self._settings,
                self._params.image_transports,
                self._params.optional_outputs,
            )
            core = PoseNode(
                transport,
                self._params,
                show=transport.publish_diagnostics,
                read_options=self._read_view_options,
            )
            try:
                cameras = [camera.name for camera in core.cameras]
                if line := unused_rules(self.names, cameras):
                    self._log('warning', line)
                core.configure(lambda: stop.requested, self._assignments)
                core.activate()
                transport.subscribe(core.inputs())
                topics = map(transport.image_topic, cameras)
                self._log('info', f'listening to {", ".join(topics)}')
                self._spin(participant, transport, core, stop)
            except KeyboardInterrupt:  # as it was loading
                return
            finally:
                core.shutdown()

    def _spin(
        self, participant: Participant, transport: DdsTransport, core: PoseNode, stop: Stop
    ) -> None:
        throttle, tick_s = Throttle(5.0), monotonic() + _TICK_S

        def tick() -> None:
            core.on_timer()
            transport.publish_diagnostics(core.diagnostics())
            for line in participant.incompatible_qos():
                self._log('warning', line)

        def listen() -> None:
            transport.attend()
            for trouble in participant.spin(_GLANCE_S):
                if throttle.passes('unreadable') is not None:
                    self._log('warning', trouble)

        listen = core.guard.around('receiving', listen, lambda: stop.wait(_GLANCE_S))
        tick = core.guard.around('the timer', tick)
        reload = core.guard.around('reading the parameters again', lambda: self._reload(core))
        while not stop.requested:
            listen()
            if stop.take_reload():
                reload()
            if monotonic() >= tick_s:
                tick_s = monotonic() + _TICK_S
                tick()

    def _reload(self, core: PoseNode) -> None:
        """Take over what the files say now, all of it or nothing."""
        if not self._files:
            self._log('warning', 'nothing was read at SIGHUP: start the node with --params-file F')
            return
        try:
            check_can_be_read_again(self._files)
            params, settings = self._read_parameters()
            if settings != self._settings:
                changed = sorted(dict(settings.items() ^ self._settings.items()))
                raise ParameterError(f'{changed[0]} changes only when the node is started anew')
            ignored = core.ignored()  # the file may hold those of every decoder
            values = dict.fromkeys(core.params.overrides)  # what the files say no more
            values.update(params.to_mapping())
            core.set_parameters({name: values[name] for name in values if name not in ignored})
        except OpenPoseError as exc:
            self._log('error', f'nothing was changed: {exc}')
        else:
            self._log('info', 'the parameters were read again')

    def _read_parameters(self) -> tuple[NodeParams, Mapping[str, Any]]:
        """Return the node's parameters, and the transport's."""
        values, odd = read_params_files(self._files, self.names.full, _KNOWN, self._assignments)
        for line in odd:
            self._log('warning', line)
        values.update(self._assignments)
        settings = {name: values.pop(name) for name in list(values) if name.startswith(_SETTINGS)}
        for name in [name for name in values if name.startswith(_OF_RCLPY)]:
            del values[name]
        return NodeParams.from_mapping(values), settings

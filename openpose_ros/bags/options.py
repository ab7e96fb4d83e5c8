"""What is done with a bag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from pathlib import Path

from openpose_ros.bags.writing import COMPRESSIONS, STORAGES, VERSIONS
from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.declared import node_declarations
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.params_file import assigned_values, read_params_files

NODE_NAME = 'openpose'
# Parameters that drop images, or wait: nothing is dropped here, and all is there.
NO_EFFECT = (
    'max_rate',
    'max_age',
    'lazy',
    'enabled',
    'no_image_timeout',
    'depth_wait',
    'tf_timeout',
    'autostart',
    'view',
    'image_transport',
    # The bag says which cameras there are.
    'cameras',
    'target_camera',
)
_OF_A_TRANSPORT = ('use_sim_time', 'start_type_description_service')
_BELOW_A_TRANSPORT = ('qos_overrides.', 'diagnostic_updater.')
_DEFAULTS = NodeParams()


@dataclass(frozen=True, kw_only=True)
class BagOptions:
    """
    What is done with a bag.

    Attributes
    ----------
    params : NodeParams
        As a node has them, also given as names and values; those of NO_EFFECT have none.
    names : Names
        The node's, and what its topics are called instead.
    topics : tuple of str
        Of images; none: all that are of colour.
    copied : tuple of str
        Topics that are copied, as patterns: '/tf*'; '*' are all that are no output.
    annotations : bool
        Whether to write foxglove_msgs/ImageAnnotations too.
    storage : str
        'sqlite3' or 'mcap'; '' is that of the source.
    compression : str
        'none' or 'zstd'.
    distro : str
        Which ROS shall read the bag: 'humble' or 'jazzy'.
    start_s : float
        How many seconds of the source's log are left out.
    duration_s : float or None
        How many seconds behind them are worked on; None: all.
    overwrite : bool
        Whether to replace a bag.
    seed : int or None
        Chooses the letters of ids; None: a bag's own, the same in every run.

    Raises
    ------
    ParameterError
        If a value is none of those.

    """

    params: NodeParams = _DEFAULTS
    names: Names = field(default_factory=lambda: Names(NODE_NAME))
    topics: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    annotations: bool = False
    storage: str = ''
    compression: str = 'none'
    distro: str = 'jazzy'
    start_s: float = 0.0
    duration_s: float | None = None
    overwrite: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.params, Mapping):
            object.__setattr__(self, 'params', NodeParams.from_mapping(self.params))
        self._check_types()
        known = {
            'storage': ('', *STORAGES),
            'compression': COMPRESSIONS,
            'distro': tuple(VERSIONS),
        }
        for name, choices in known.items():
            if getattr(self, name) not in choices:
                raise ParameterError(
                    f"{name} is '{getattr(self, name)}', but must be one of {', '.join(choices)}"
                )
        for name in ('start_s', 'duration_s'):
            value = getattr(self, name)
            if value is None and name == 'duration_s':
                continue
            if not isinstance(value, Real) or not 0 <= float(value) < float('inf'):
                raise ParameterError(f'{name} is {value!r}, but must be seconds from 0 on')

    def _check_types(self) -> None:
        for name, cls in (('params', NodeParams), ('names', Names)):
            if not isinstance(getattr(self, name), cls):
                raise ParameterError(
                    f'{name} of BagOptions are a {type(getattr(self, name)).__name__}, but must '
                    f'be {cls.__name__}'
                )
        for name in ('topics', 'copied'):
            words = getattr(self, name)
            if not isinstance(words, tuple | list) or not all(isinstance(w, str) for w in words):
                raise ParameterError(
                    f"{name} is {words!r}, but must be a tuple of words, as ('/tf*',)"
                )
            object.__setattr__(self, name, tuple(words))
        seed: object = self.seed
        if seed is not None and not isinstance(seed, Integral):
            raise ParameterError(f'seed is {seed!r}, but must be a whole number, or None')

    @property
    def effective(self) -> NodeParams:
        """The parameters as they are worked with."""
        annotations = self.params.image_annotations or self.annotations
        return replace(
            self.params,
            image_annotations=annotations,
            overrides={},
            **{name: getattr(_DEFAULTS, name) for name in NO_EFFECT},
        )

    @property
    def without_effect(self) -> list[str]:
        """Those of NO_EFFECT that were set, and what was said of single cameras."""
        return [
            one.name
            for one in fields(self.params)
            if one.name in NO_EFFECT
            and getattr(self.params, one.name) != getattr(_DEFAULTS, one.name)
        ] + list(self.params.overrides)


def read_parameters(
    files: Sequence[Path], assignments: Sequence[str], names: Names
) -> tuple[NodeParams, dict[str, object], list[str]]:
    """
    Return a node's parameters from files and NAME:=VALUE, as the node reads them.

    Parameters
    ----------
    files : sequence of Path
        Later ones go before earlier ones.
    assignments : sequence of str
        NAME:=VALUE, which go before the files.
    names : Names
        The node's.

    Returns
    -------
    params : NodeParams
    assigned : dict of str to object
        Those that were given by name.
    lines : list of str
        What is odd about them.

    Raises
    ------
    ParameterError
        If a file cannot be read, or a parameter is unknown or wrong.

    """
    known = [item.name for item in node_declarations()]
    assigned = assigned_values(assignments, names.full)
    values, lines = read_params_files(files, names.full, known, assigned)
    values.update(assigned)
    of_transport = [
        name for name in values if name in _OF_A_TRANSPORT or name.startswith(_BELOW_A_TRANSPORT)
    ]
    for name in of_transport:
        del values[name]
        assigned.pop(name, None)
    if of_transport:
        lines.append(f'{", ".join(of_transport)}: without effect on a bag')
    return NodeParams.from_mapping(values), assigned, lines

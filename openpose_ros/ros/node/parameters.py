"""The node's parameters: the parser's and its own, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields
from typing import Any

from openpose_ros.backends import AUTO, CHOICES
from openpose_ros.errors import ParameterError
from openpose_ros.parsing.paf.params import PafParams, parameter
from openpose_ros.placement import Size


@dataclass(frozen=True, kw_only=True)
class NodeParams(PafParams):
    """
    What a node does, and how maps become people.

    As with the parser's, creating an object with a value out of its range raises a
    ParameterError, and whole numbers are accepted for floats.
    """

    model: str = parameter('', 'name or path of the network; empty: the one in the package')
    backend: str = parameter(AUTO, f'what runs the network: {", ".join(CHOICES)}')
    precision: str = parameter(
        '',
        'what most of the network must run in, checked when it is loaded, and what tensorrt '
        'builds; fp32 also holds openvino to it where a CPU has bf16; empty: whatever it is in, '
        'fp16 for tensorrt',
        choices=('', 'fp32', 'fp16', 'bf16', 'int8'),
    )
    threads: int = parameter(
        0, 'how many compute one operator on a CPU; 0: as the backend thinks best', low=0, high=256
    )
    net_resolution: tuple[int, int] = parameter(
        (0, 0),
        "[width, height] of the network's input, pixels; -1: what keeps the aspect; "
        "[0, 0]: the model's own",
        low=-1,
        high=4096,
    )
    image_transport: str = parameter(
        'raw', 'which images to subscribe to', choices=('raw', 'compressed')
    )
    rotate: int = parameter(
        0,
        'degrees clockwise that bring the images of a camera on its side upright; results are '
        'in the pixels of the images as they came',
        choices=(0, 90, 180, 270),
    )
    enabled: bool = parameter(True, 'off: images are dropped, the network stays loaded')
    lazy: bool = parameter(False, 'drop images while nobody subscribes to any output')
    max_rate: float = parameter(
        0.0,
        'work on at most so many images a second; 0: on all there is time for',
        low=0.0,
        high=1e3,
    )
    max_age: float = parameter(
        0.0, 'drop images whose stamp is older than this, seconds; 0: never', low=0.0, high=3600.0
    )
    annotated_scale: float = parameter(
        1.0, 'size of the annotated image, in units of the source image', low=0.05, high=1.0
    )
    render_threshold: float = parameter(
        0.05, 'keypoints must score more to be drawn, in images and markers', low=0.0, high=1.0
    )
    no_image_timeout: float = parameter(
        5.0, 'warn after so many seconds without an image; 0: never', low=0.0, high=3600.0
    )
    autostart: bool = parameter(True, 'configure and activate at the start, without a manager')

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 in self.net_resolution and self.net_resolution != (0, 0):
            raise ParameterError(
                f'net_resolution is {list(self.net_resolution)}, but 0 must stand for both sides '
                "(the model's own) or for none; -1 is what keeps the aspect"
            )

    @property
    def net_size(self) -> Size | None:
        """Width and height of the network's input as the estimator takes them."""
        return None if self.net_resolution == (0, 0) else self.net_resolution


# What the node takes over when it is configured; all others it takes over from image to image.
FIXED = frozenset(
    {'model', 'backend', 'precision', 'threads', 'net_resolution', 'image_transport', 'autostart'}
)
_KINDS = {bool: 'bool', int: 'integer', float: 'double', str: 'string', tuple: 'integer_array'}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """
    One parameter as ROS declares it.

    Attributes
    ----------
    name : str
    kind : str
        'bool', 'integer', 'double', 'string' or 'integer_array', as in rcl_interfaces.
    default : bool, int, float, str or list of int
    description : str
        One line.
    choices : tuple of str or int
        The values that are allowed; empty where others decide.
    low, high : float or None
        The range, both ends allowed.
    live : bool
        Whether it may be set while the node is configured.

    """

    name: str
    kind: str
    default: Any
    description: str
    choices: tuple[str | int, ...]
    low: float | None
    high: float | None
    live: bool

    @property
    def constraints(self) -> str:
        """What else holds, in words; may be ''."""
        words = [f'one of {", ".join(map(repr, self.choices))}'] if self.choices else []
        if not self.live:
            words.append('changes only while the node is unconfigured')
        return '; '.join(words)


def declarations() -> tuple[Declaration, ...]:
    """Return every parameter, the node's own first."""
    inherited = len(fields(PafParams))
    items = fields(NodeParams)
    return tuple(_declaration(item) for item in items[inherited:] + items[:inherited])


def updated(
    params: NodeParams, values: Mapping[str, Any], *, configured: bool = False
) -> NodeParams:
    """
    Return parameters with some of them changed: all, or if one is refused none.

    Parameters
    ----------
    params : NodeParams
        Those that hold now.
    values : mapping of str to object
        The new values by name.
    configured : bool
        Refuse to change those that are taken over when the node is configured.

    Raises
    ------
    ParameterError
        If a name is unknown, a value out of range, or it is not the moment.

    """
    changed = NodeParams.from_mapping({**asdict(params), **values})
    for name in sorted(FIXED.intersection(values)) if configured else ():
        before, after = getattr(params, name), getattr(changed, name)
        if before != after:
            raise ParameterError(
                f'{name} cannot change from {before!r} to {after!r} now; clean the node up, set '
                'it, and configure the node again'
            )
    return changed


def _declaration(item: Field[Any]) -> Declaration:
    meta, default = item.metadata, item.default
    return Declaration(
        name=item.name,
        kind=_KINDS[type(default)],
        default=list(default) if isinstance(default, tuple) else default,
        description=meta['description'],
        choices=meta['choices'],
        low=meta['low'],
        high=meta['high'],
        live=item.name not in FIXED,
    )

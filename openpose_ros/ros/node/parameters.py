"""The node's parameters: its own and those of every decoder, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from openpose_ros.augmentation.params import AugmentationParams, check_scales
from openpose_ros.backends import AUTO, CHOICES, MOST_THREADS, PRECISIONS
from openpose_ros.drawing.defaults import RENDER_THRESHOLD
from openpose_ros.errors import ParameterError
from openpose_ros.parameters import (
    Declaration,
    check_live,
    declarations,
    from_mapping,
    parameter,
    updated,
)
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parsing.posenet.params import PoseNetParams
from openpose_ros.parts.params import PartParams
from openpose_ros.pictures.limits import max_image_pixels
from openpose_ros.ros.node.camera_names import (
    check_cameras,
    checked_overrides,
    override_declarations,
    override_names,
)
from openpose_ros.ros.node.transport import OPTIONAL
from openpose_ros.spatial.targets import TARGETS
from openpose_ros.tracking import TrackingParams

if TYPE_CHECKING:
    from openpose_ros.placement import Size


@dataclass(frozen=True, kw_only=True)
class NodeParams(TrackingParams, AugmentationParams, PartParams, PoseNetParams, PafParams):
    """
    What a node does, and how maps become people, whatever decoder its network needs.

    As with the decoders', creating an object with a value out of its range raises a
    ParameterError, and whole numbers are accepted for floats.
    """

    tracking: bool = parameter(
        False,
        'follow people: who is found keeps an id, who is hidden is still expected',
        section='tracking',
    )
    model: str = parameter(
        '',
        'name or path of the network; empty: the one in the package',
        live=False,
        section='network',
    )
    backend: str = parameter(
        AUTO, f'what runs the network: {", ".join(CHOICES)}', live=False, section='network'
    )
    precision: str = parameter(
        '',
        'what most of the network must run in, checked when it is loaded; tensorrt builds in it, '
        'and fp32 keeps openvino from bf16; empty: what the network is in, fp16 for tensorrt',
        choices=('', *PRECISIONS),
        live=False,
        section='network',
    )
    threads: int = parameter(
        0,
        'how many threads compute one operator on a CPU; 0: as the backend thinks best',
        low=0,
        high=MOST_THREADS,
        live=False,
        section='network',
    )
    net_resolution: tuple[int, int] = parameter(
        (0, 0),
        "[width, height] of the network's input, pixels; -1: what keeps the aspect; "
        "[0, 0]: the model's own",
        low=-1,
        high=4096,
        live=False,
        section='network',
    )
    hand_model: str = parameter(
        '',
        'name or path of a network for hands; empty: they are not looked for',
        live=False,
        section='hands and faces',
    )
    face_model: str = parameter(
        '',
        'name or path of a network for faces; empty: they are not looked for',
        live=False,
        section='hands and faces',
    )
    cameras: tuple[str, ...] = parameter(
        ('',),
        'names of the cameras: NAME/image and so on come in, ~/NAME/persons and so on go out, and '
        "NAME.rotate and others hold for one alone; ['']: one camera, without a name",
        live=False,
        section='cameras',
    )
    image_transport: str = parameter(
        'raw',
        'which images to subscribe to',
        choices=('raw', 'compressed'),
        live=False,
        section='images',
    )
    rotate: int = parameter(
        0,
        'degrees clockwise that bring the images of a camera on its side upright; results are '
        'in the pixels of the images as they came',
        choices=(0, 90, 180, 270),
        section='images',
    )
    enabled: bool = parameter(
        True, 'off: images are dropped, the network stays loaded', section='images'
    )
    lazy: bool = parameter(
        False, 'drop images while nobody subscribes to any output', section='images'
    )
    max_rate: float = parameter(
        0.0,
        'work on at most so many images a second; 0: on all there is time for',
        low=0.0,
        high=1e3,
        section='images',
    )
    max_age: float = parameter(
        0.0,
        'drop images whose stamp is older than this, seconds; 0: never',
        low=0.0,
        high=3600.0,
        section='images',
    )
    max_image_pixels: int = max_image_pixels()
    no_image_timeout: float = parameter(
        5.0,
        'warn after so many seconds without an image; 0: never',
        low=0.0,
        high=3600.0,
        section='images',
    )
    depth: bool = parameter(
        False,
        'measure where people are by the depth images of a depth camera',
        live=False,
        section='depth',
    )
    depth_transport: str = parameter(
        'raw',
        'which depth images to subscribe to',
        choices=('raw', 'compressedDepth'),
        live=False,
        section='depth',
    )
    max_depth_dt: float = parameter(
        0.02,
        'how far the stamps of an image and its depth may be apart, seconds',
        low=0.0,
        high=1.0,
        section='depth',
    )
    depth_wait: float = parameter(
        0.05,
        'how long an image waits for its depth; then it goes on without, seconds',
        low=0.0,
        high=1.0,
        section='depth',
    )
    rectified: bool = parameter(
        False,
        "the images are rectified: camera_info's P holds for them, and no distortion",
        section='depth',
    )
    monocular_distance: bool = parameter(
        True,
        "estimate how far away people are by their bodies' proportions, where there is no depth",
        section='depth',
    )
    target: str = parameter(
        'nearest',
        'whom a robot is to follow: the nearest person, the most central, or the one of target_id',
        choices=TARGETS,
        section='target',
    )
    target_id: str = parameter(
        '', "id of the person to follow, with target 'id'", section='target'
    )
    target_camera: str = parameter(
        '',
        'name of the camera in whose images that person is looked for; empty: the first one',
        section='target',
    )
    target_hysteresis: float = parameter(
        0.5,
        'somebody else is followed when she has been nearer by this for half a second, metres',
        low=0.0,
        high=10.0,
        section='target',
    )
    approach_distance: float = parameter(
        1.2,
        'how far before the person target_pose is, metres',
        low=0.3,
        high=10.0,
        section='target',
    )
    target_frame: str = parameter(
        '',
        'frame in which the vertical and the ground are known, map or base_link say; empty: none',
        section='frames',
    )
    tf_timeout: float = parameter(
        0.05,
        'how long to wait for a transform, once people are published, seconds',
        low=0.0,
        high=1.0,
        section='frames',
    )
    annotated_scale: float = parameter(
        1.0,
        'size of the annotated image, in units of the source image',
        low=0.05,
        high=1.0,
        section='drawing',
    )
    render_threshold: float = parameter(
        RENDER_THRESHOLD,
        'keypoints must score more to be drawn, in images and markers',
        low=0.0,
        high=1.0,
        section='drawing',
    )
    publish_tf: bool = parameter(
        False,
        'publish the frame body_ID of each person who is tracked and located',
        live=False,
        section='outputs',
    )
    hri: bool = parameter(
        False,
        'publish bodies as REP 155 has them, in hri_msgs under /humans/bodies',
        live=False,
        section='outputs',
    )
    detections: bool = parameter(
        False,
        'publish people as vision_msgs/Detection2DArray',
        live=False,
        section='outputs',
    )
    image_annotations: bool = parameter(
        False,
        'publish people as foxglove_msgs/ImageAnnotations',
        live=False,
        section='outputs',
    )
    gestures: bool = parameter(
        False,
        'publish who raises a hand, waves, points or crosses the arms; no safety function',
        live=False,
        section='outputs',
    )
    view: str = parameter(
        '',
        'serve a page in the browser on HOST:PORT: 127.0.0.1:8088 for this machine; empty: none',
        live=False,
        section='outputs',
    )
    autostart: bool = parameter(
        True,
        'configure and activate at the start, without a manager',
        live=False,
        section='lifecycle',
    )

    # What holds for single cameras, by 'NAME.parameter'; see `camera_names.OVERRIDABLE`.
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        PafParams.__post_init__(
            self
        )  # checks every field; the others' do not depend on each other
        check_scales(self)
        check_cameras(self.cameras)
        if self.target_camera not in ('', *self.cameras):
            names = ', '.join(filter(None, self.cameras))
            raise ParameterError(
                f'target_camera is {self.target_camera!r:.100}, but must be empty'
                f'{f" or one of {names}" if names else ", as the only camera has no name"}'
            )
        checked = checked_overrides(self.overrides, self.cameras, _declared())
        object.__setattr__(self, 'overrides', checked)
        if 0 in self.net_resolution and self.net_resolution != (0, 0):
            raise ParameterError(
                f'net_resolution is {list(self.net_resolution)}, but 0 must stand for both sides '
                "(the model's own) or for none; -1 is what keeps the aspect"
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> NodeParams:
        """
        Create from names and values, those of single cameras too: 'front.rotate'.

        Raises
        ------
        ParameterError
            If a name is unknown or a value not allowed.

        """
        common, single = _parted(values)
        return replace(from_mapping(cls, common), overrides=single)

    def updated(self, values: Mapping[str, Any], *, configured: bool = False) -> NodeParams:
        """
        Return them with some changed: all, or if one is refused none.

        Parameters
        ----------
        values : mapping of str to object
            The new values by name; None takes back what was said of a single camera.
        configured : bool
            Refuse to change those that are not live.

        Raises
        ------
        ParameterError
            As `openpose_ros.parameters.updated`.

        """
        common, single = _parted(values)
        changed = updated(self, common, configured=configured)
        kept = set(override_names(changed.cameras))
        before = {name: value for name, value in self.overrides.items() if name in kept}
        changed = replace(changed, overrides={**before, **single})
        for name in single if configured else ():
            was, now = self.overrides.get(name), changed.overrides.get(name)
            if was != now:
                check_live(override_declarations(self.cameras, _declared())[name], was, now)
        return changed

    def to_mapping(self) -> dict[str, Any]:
        """Return what `from_mapping` takes."""
        return {**{name: getattr(self, name) for name in _declared()}, **self.overrides}

    def of(self, camera: str) -> NodeParams:
        """Return what holds for one camera."""
        own = {
            name.partition('.')[2]: value
            for name, value in self.overrides.items()
            if name.partition('.')[0] == camera
        }
        return replace(self, overrides={}, **own)

    @property
    def target_source(self) -> str:
        """The camera in whose images somebody to follow is looked for."""
        return self.target_camera or self.cameras[0]

    @property
    def image_transports(self) -> dict[str, str]:
        """Which images of each camera are subscribed to."""
        return {name: self.of(name).image_transport for name in self.cameras}

    @property
    def optional_outputs(self) -> tuple[str, ...]:
        """Which of `transport.OPTIONAL` are wanted."""
        return tuple(name for name in OPTIONAL if getattr(self, name))

    @property
    def net_size(self) -> Size | None:
        """Width and height of the network's input as the estimator takes them."""
        return None if self.net_resolution == (0, 0) else self.net_resolution


@cache
def _declared() -> dict[str, Declaration]:
    return {item.name: item for item in declarations(NodeParams)}


def _parted(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what holds for all cameras, and what is said of single ones."""
    common = {name: value for name, value in values.items() if '.' not in name}
    return common, {name: value for name, value in values.items() if '.' in name}

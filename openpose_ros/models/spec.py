"""What is known about a network: where its file is, what goes in, what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from openpose_ros.models.calibration import ScoreCalibration
from openpose_ros.skeletons import Skeleton

DECODERS = ('paf', 'posenet', 'heatmaps')
LAYOUTS = ('NCHW', 'NHWC')
COLOURS = ('BGR', 'RGB')
BACKGROUNDS = ('last', 'first', 'none')
LIMB_ORDERS = ('field', 'peaks')


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """
    The tensor that a network takes.

    A channel's value x, 0 to 255, becomes (x - mean) * scale.

    Attributes
    ----------
    name : str
        The tensor's; '' when the graph has but one input.
    layout : str
        'NCHW' or 'NHWC': how the graph wants it. Engines always take NCHW and transpose.
    colour : str
        'BGR' or 'RGB', the order of the channels.
    mean, scale : (float, float, float)
        Of each channel, in that order.
    pad : float
        Value beside the picture, 0 to 255, before mean and scale.
    multiple, offset : int
        Width and height must be multiple * n + offset, in pixels.
    fixed_size : (int, int) or None
        Width and height, if the graph takes no other.

    """

    name: str = ''
    layout: str = 'NCHW'
    colour: str
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    pad: float = 128.0
    multiple: int = 8
    offset: int = 0
    fixed_size: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """
    The tensors that a network returns.

    A name that is '' or not in the graph leaves the choice to the number of channels.

    Attributes
    ----------
    heatmaps, pafs : str
        Names of the two tensors.
    joined : str
        Name of the one tensor that holds both, instead of the two.
    order : (str, str)
        What comes first in a joined tensor: ('heatmaps', 'pafs') or ('pafs', 'heatmaps').
    background : str
        Where the background is among the heatmaps: 'last', 'first' or 'none'. Engines return
        it last.
    layout : str
        'NCHW' or 'NHWC'. Engines always return NCHW.
    offsets, displacement_forward, displacement_backward : str
        Names of PoseNet's other tensors; '' for a network with part affinity fields.

    """

    heatmaps: str = ''
    pafs: str = ''
    joined: str = ''
    order: tuple[str, str] = ('heatmaps', 'pafs')
    background: str = 'last'
    layout: str = 'NCHW'
    offsets: str = ''
    displacement_forward: str = ''
    displacement_backward: str = ''

    @property
    def names(self) -> set[str]:
        """All names of tensors that are given."""
        given = {self.heatmaps, self.pafs, self.joined, self.offsets}
        return (given | {self.displacement_forward, self.displacement_backward}) - {''}


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """
    A file that somebody publishes, and that `models fetch` downloads.

    Attributes
    ----------
    file : str
        Where it goes, relative to a folder of models, with '/'.
    sha256 : str
        In lower case.
    urls : tuple of str
        Addresses that hold the same bytes, to be tried in this order.

    """

    file: str
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """
    A network, as its manifest describes it.

    Attributes
    ----------
    name : str
        What parameters and the command line call it.
    path : Path or None
        The model file on this machine, None when it is not here.
    file : str
        Its published name, relative to a folder of models, with '/'; the ending tells the format:
        .onnx, or .xml for OpenVINO IR with a .bin beside it.
    sha256 : str
        Of that file. One that says that it was converted from the files of `origin` is known as
        well: other versions of this package may convert to other bytes.
    size : int or None
        Of that file and what must lie beside it, bytes.
    decoder : str
        How its output becomes people: 'paf' or 'posenet'; 'heatmaps' where a picture shows one
        hand or one face.
    skeleton : Skeleton
    stride : int
        Input pixels a map cell.
    input : InputSpec
    outputs : OutputSpec
    net_resolution : (int, int)
        Width and height of the input that it is best run at, pixels; -1 for what keeps the aspect.
    limb_order : str
        What `PafParams.limb_order` means by 'auto' for this network: 'field' or 'peaks'.
    score_calibration : ScoreCalibration or None
        From the parser's scores of people to those that `PoseEstimator` tells; None leaves them.
    origin : tuple of PublishedFile
        What to download. Where `file` is not among them, it was converted from them.
    licence, description, homepage : str
    ap : float or None
        OKS AP on COCO pictures at `net_resolution`, with a plain decoder on maps up-sampled 4
        times: to compare networks with each other. None when not measured.

    """

    name: str
    path: Path | None = None
    file: str
    sha256: str
    size: int | None = None
    decoder: str = 'paf'
    skeleton: Skeleton
    stride: int = 8
    input: InputSpec
    outputs: OutputSpec = field(default_factory=OutputSpec)
    net_resolution: tuple[int, int] = (-1, 368)
    limb_order: str = 'field'
    score_calibration: ScoreCalibration | None = None
    origin: tuple[PublishedFile, ...] = ()
    licence: str = 'unknown'
    description: str = ''
    homepage: str = ''
    ap: float | None = None

    @property
    def format(self) -> str:
        """The ending of the file without its dot: 'onnx', or 'xml' for OpenVINO IR."""
        return PurePosixPath(self.file).suffix[1:]

    @property
    def can_be_fetched(self) -> bool:
        """Whether `models fetch` ends with the file: it is published, or as OpenVINO IR."""
        return self.is_published or any(item.file.endswith('.xml') for item in self.origin)

    @property
    def is_published(self) -> bool:
        """Whether the file itself can be downloaded, rather than what it is converted from."""
        return self.file in {published.file for published in self.origin}

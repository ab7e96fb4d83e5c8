"""The keypoints of hands and faces, by a network that looks at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.closing import Closing
from openpose_ros.engine import Engine, Heatmaps, open_engine
from openpose_ros.engine.opening import model_to_open
from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray
from openpose_ros.hands import can_have_faces, face_rectangles, hand_rectangles
from openpose_ros.models import ModelSpec
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.parts.crops import cut, to_frame
from openpose_ros.parts.params import PartParams
from openpose_ros.people import People
from openpose_ros.placement import Placement, Size
from openpose_ros.preprocess import check_net_resolution, fill_input

FloatArray = npt.NDArray[np.float32]

SKELETONS = {'hand': 'hand_21', 'face': 'face_70'}
_BATCH = 4  # crops at once: more take memory, and gain nothing on the machines that were tried
# The global maximum of each heatmap, refined within its cell; one below the parser's threshold
# for peaks is none.
_ONE = PafParams(single_person=True, min_parts=1, min_score=0.0)
_DEFAULT_PARAMS = PartParams()


class PartFinder(Closing):
    """
    Finds the keypoints of hands, or of faces.

    Parameters
    ----------
    part : str
        'hand' or 'face'.
    engine : Engine
        Runs a network of the decoder 'heatmaps' with the skeleton hand_21 or face_70. The finder
        owns it from now on: `close` closes it.

    Raises
    ------
    ParameterError
        If the network is none of that.

    """

    def __init__(self, part: str, engine: Engine) -> None:
        spec = engine.spec
        try:
            check_part(part, spec)
            self._size = _square_of(spec)
        except ParameterError:
            engine.close()
            raise
        self.part = part
        self.engine = engine
        from openpose_ros.parsing import parse_pafs  # compiles, when somebody looks for parts

        self._parse = parse_pafs

    @property
    def spec(self) -> ModelSpec:
        """The model that it runs."""
        return self.engine.spec

    @classmethod
    def from_model(cls, part: str, name_or_path: str | Path, **options: Any) -> PartFinder:
        """
        Load a model for hands or faces, and open an engine for it.

        Parameters
        ----------
        part : str
            'hand' or 'face'.
        name_or_path : str or Path
            The model, as `load_model` takes it.
        options
            `backend`, `providers`, `threads` and `precision`, as `open_engine` takes them.

        Raises
        ------
        ModelError, EngineError, ParameterError
            Each with one line that says what to do.

        """
        names = 'backend', 'providers', 'precision'
        chosen = {name: options[name] for name in names if name in options}
        spec = model_to_open(name_or_path, net_resolution=None, **chosen)
        check_part(part, spec)
        return cls(part, open_engine(spec, **options))

    def find(self, frame: FrameArray, squares: FloatArray, mirrored: Sequence[bool]) -> FloatArray:
        """
        Look at squares of a frame.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Blue, green, red. It is only read.
        squares : float32 (M, 3)
            x, y, side of each, pixels; they may reach beyond the frame.
        mirrored : sequence of bool, length M
            Which are shown to the network mirrored: left hands, for it knows right ones.

        Returns
        -------
        float32 (M, K, 3)
            Rows x, y, score: x, y in pixels, inside of the frame; NaN, with score 0, where a
            keypoint was not found.

        Raises
        ------
        EngineError, MapsError
            If the network cannot run, or returned what is no number.

        """
        keypoints = self.spec.skeleton.num_keypoints
        found = np.zeros((len(squares), keypoints, 3), np.float32)
        found[..., :2] = np.nan
        for first in range(0, len(squares), _BATCH):
            batch = slice(first, first + _BATCH)
            tensors = [
                self._input(cut(frame, square, self._size, mirrored=flip))
                for square, flip in zip(squares[batch], mirrored[batch])
            ]
            maps = self.engine.infer(np.concatenate(tensors))
            assert isinstance(maps, Heatmaps)  # as check_part saw to
            for offset, heatmaps in enumerate(maps.heatmaps):
                index = first + offset
                cells = self._keypoints_of(heatmaps)
                found[index] = self._on_frame(cells, squares[index], mirrored[index], frame)
        return found

    def warm_up(self) -> None:
        """Run once, so that no first image pays for allocation and compilation."""
        grey = np.full((64, 64, 3), 128, np.uint8)
        self.find(grey, np.array([[0, 0, 64]], np.float32), [False])

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()

    def _input(self, crop: FrameArray) -> FloatArray:
        whole = Placement(self._size, self._size, self._size, (0, 0), self.spec.stride)
        return fill_input(crop, self.spec, whole)

    def _keypoints_of(self, heatmaps: FloatArray) -> FloatArray:
        """Return (K, 3) in map cells."""
        skeleton = self.spec.skeleton
        no_fields = np.zeros((2 * skeleton.num_limbs, *heatmaps.shape[1:]), np.float32)
        people = self._parse(heatmaps, no_fields, skeleton, _ONE)
        if len(people):
            return np.asarray(people.keypoints[0], np.float32)
        nothing = np.zeros((skeleton.num_keypoints, 3), np.float32)
        nothing[:, :2] = np.nan
        return nothing

    def _on_frame(
        self, cells: FloatArray, square: FloatArray, mirrored: bool, frame: FrameArray
    ) -> FloatArray:
        stride, (width, height) = self.spec.stride, self._size
        first = (width - 1) % stride / 2, (height - 1) % stride / 2
        pixels = cells[:, :2] * stride + np.array(first)
        back = to_frame(square, self._size, mirrored=mirrored)
        places = pixels @ back[:, :2].T + back[:, 2]
        edge = frame.shape[1] - 1, frame.shape[0] - 1
        return np.concatenate([places.clip(0, edge), cells[:, 2:]], axis=1).astype(np.float32)


@dataclass
class Parts:
    """
    Networks for hands and for faces, one of them or both.

    Attributes
    ----------
    hand, face : PartFinder, optional
        What looks for them; None: nothing does.
    params : PartParams
        Which are looked at, from the next frame on.

    """

    hand: PartFinder | None = None
    face: PartFinder | None = None
    params: PartParams = _DEFAULT_PARAMS

    @property
    def are_wanted(self) -> bool:
        """Whether anything is looked for."""
        return self.hand is not None or self.face is not None

    def find(self, frame: FrameArray, people: People) -> tuple[People, int, dict[str, float]]:
        """
        Look at the hands and faces of people.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Upright, as the people were found on it.
        people : People
            In its pixels.

        Returns
        -------
        people : People
            The same, with hands and faces as far as there is a network for them.
        left_out : int
            How many hands and faces were large enough, but more than `max_crops`.
        times : dict of str to float
            Seconds of each stage: hands, faces.

        """
        times: dict[str, float] = {}
        chosen, left_out = self._choose(people)
        found: dict[str, FloatArray | None] = {}
        for part, finder in (('hand', self.hand), ('face', self.face)):
            if finder is None:
                continue
            started = perf_counter()
            mine = [crop for crop in chosen if crop.finder is finder]
            squares = np.array([crop.square for crop in mine], np.float32).reshape(-1, 3)
            keypoints = finder.find(frame, squares, [crop.field == 'left_hands' for crop in mine])
            for field in _FIELDS[part]:
                found[field] = _nothing(len(people), finder.spec.skeleton.num_keypoints)
            for crop, rows in zip(mine, keypoints):
                array = found[crop.field]
                assert array is not None
                array[crop.person] = rows
            times[f'{part}s'] = perf_counter() - started
        return replace(people, **found), left_out, times  # type: ignore[arg-type]

    def warm_up(self) -> None:
        """Run each network once."""
        for finder in filter(None, (self.hand, self.face)):
            finder.warm_up()

    def close(self) -> None:
        """Close the engines."""
        for finder in filter(None, (self.hand, self.face)):
            finder.close()

    def _choose(self, people: People) -> tuple[list[_Crop], int]:
        """Return the crops to look at, those of the largest people first, and how many more."""
        crops: list[_Crop] = []
        squares: dict[str, FloatArray] = {}
        if self.hand is not None:
            hands = hand_rectangles(people)
            squares |= {'left_hands': hands[:, 0], 'right_hands': hands[:, 1]}
        if self.face is not None:
            squares |= {'faces': face_rectangles(people)}
        boxes = people.bounding_boxes()
        sizes = np.nan_to_num(boxes[:, 2] * boxes[:, 3])
        for person in np.argsort(-sizes, kind='stable').tolist():
            for field, of_all in squares.items():
                finder = self.face if field == 'faces' else self.hand
                square = of_all[person]
                if finder is not None and square[2] >= self.params.hand_min_size:  # NaN is not
                    crops.append(_Crop(person, field, square, finder))
        return crops[: self.params.max_crops], max(0, len(crops) - self.params.max_crops)


@dataclass(frozen=True)
class _Crop:
    person: int
    field: str
    square: FloatArray
    finder: PartFinder


_FIELDS = {'hand': ('left_hands', 'right_hands'), 'face': ('faces',)}


def check_part(part: str, spec: ModelSpec) -> None:
    """
    Check that a model finds the keypoints of a part.

    Raises
    ------
    ParameterError
        With what it finds instead.

    """
    wanted = SKELETONS[part]
    if spec.decoder != 'heatmaps' or spec.skeleton.name != wanted:
        raise ParameterError(
            f"{spec.name} has the decoder '{spec.decoder}' and the skeleton {spec.skeleton.name}, "
            f"but a network for a {part} has 'heatmaps' and {wanted}; import one of OpenPose's"
        )


def check_body(finder: PartFinder | None, spec: ModelSpec) -> str:
    """Return why faces cannot be found by a body's keypoints, in a line; '' if they can."""
    if finder is None or can_have_faces(People.empty(spec.skeleton)):
        return ''
    return (
        f'{spec.name} finds no eyes and ears ({spec.skeleton.name}), by which faces are found: '
        'there will be no faces; take a network of COCO or BODY_25 for them'
    )


def _square_of(spec: ModelSpec) -> Size:
    width, height = check_net_resolution(None, spec)
    side = max(width, height)  # -1: what keeps the aspect, and that of a square is 1
    return (side, side) if -1 in (width, height) else (width, height)


def _nothing(people: int, keypoints: int) -> FloatArray:
    found = np.zeros((people, keypoints, 3), np.float32)
    found[..., :2] = np.nan
    return found

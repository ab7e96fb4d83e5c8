"""What every worker of an archive is told: the network, the parameters, where results go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
import os
from pathlib import Path
from typing import Any

from openpose_ros.augmentation import AugmentationParams
from openpose_ros.bags import BagOptions
from openpose_ros.engine.opening import model_to_open
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models.finding import files_of, load_model
from openpose_ros.parsing.decoders import params_for
from openpose_ros.parts import PartParams
from openpose_ros.pictures.limits import PictureParams
from openpose_ros.placement import Size
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.tracking import Names, Tracker, TrackingParams


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    What results depend on, and where they go; it can be pickled.

    Attributes
    ----------
    output : str
        The folder of the results, absolute, or an address.
    model : str
        A name or an absolute path.
    hand, face : str or None
        The same of networks for hands and faces.
    backend, providers, net_resolution
        As `PoseEstimator.from_model` takes them.
    params : mapping
        Those of the decoder that were given.
    augmentation, part_params, tracking, limits
        All others.
    bag : mapping
        Parameters of the node that were given for bags alone.
    seed : int or None
        Of the ids.
    range_s : float
        Videos that are longer are looked at in ranges, seconds.

    """

    output: str
    model: str
    hand: str | None
    face: str | None
    backend: str
    providers: Sequence[str] | None
    net_resolution: Size | None
    params: Mapping[str, Any]
    augmentation: AugmentationParams
    part_params: PartParams
    tracking: TrackingParams
    limits: PictureParams
    bag: Mapping[str, Any]
    seed: int | None
    range_s: float

    def open_estimator(self, threads: int) -> PoseEstimator:
        """
        Load the networks; raises what `PoseEstimator.from_model` raises.

        Parameters
        ----------
        threads : int
            How many compute one operator on a CPU.

        """
        return PoseEstimator.from_model(
            self.model,
            backend=self.backend,
            net_resolution=self.net_resolution,
            params=self.params,
            providers=self.providers,
            threads=threads,
            augmentation=self.augmentation,
            hand=self.hand,
            face=self.face,
            part_params=self.part_params,
        )

    def open_tracker(self) -> Tracker:
        """Return what follows the people of one video."""
        if self.seed is None:
            return Tracker(self.tracking)
        return Tracker(self.tracking, new_id=Names(self.seed).next)

    def bag_options(self) -> BagOptions:
        """
        Return what is done with bags: what a node with these parameters would, with tracking.

        Raises
        ------
        ParameterError
            If parameters do not fit together.

        """
        values = {
            **self.params,
            **asdict(self.augmentation),
            **asdict(self.part_params),
            **asdict(self.tracking),
            **asdict(self.limits),
            'tracking': True,
            **self.bag,
        }
        return BagOptions(params=NodeParams.from_mapping(values), seed=self.seed)

    def run(self) -> dict[str, Any]:
        """
        Return what two runs must have in common to have the same results, ready for JSON.

        Raises
        ------
        ModelError, EngineError, ParameterError
            If there is no such network, or the parameters are not its own.

        """
        spec = model_to_open(
            self.model,
            backend=self.backend,
            providers=self.providers,
            net_resolution=self.net_resolution,
        )
        parts = {part: name for part in ('hand', 'face') if (name := getattr(self, part))}
        return {
            'model': {
                'name': spec.name,
                'sha256': _digests(spec.path),
                **{part: _digests(load_model(name).path) for part, name in parts.items()},
            },
            'parameters': {
                **asdict(params_for(spec, self.params)),
                **asdict(self.augmentation),
                **(asdict(self.part_params) if parts else {}),
                **asdict(self.tracking),
                'net_resolution': self.net_resolution and list(self.net_resolution),
                'backend': self.backend,
                'seed': self.seed,
                **({'bag': dict(self.bag)} if self.bag else {}),
            },
        }


def found_model(
    name: str | None,
    *,
    backend: str,
    providers: Sequence[str] | None,
    net_resolution: Size | None,
) -> str:
    """
    Return what every worker finds under the same name: the default's, where none is given.

    Raises
    ------
    ModelError, EngineError
        If there is no such model.

    """
    if name is None:
        spec = model_to_open(
            None, backend=backend, providers=providers, net_resolution=net_resolution
        )
        return spec.name
    return os.path.abspath(name) if os.path.exists(name) else name


def _digests(path: Path | None) -> dict[str, str]:
    """Return the sha256 of each file that a model is read from."""
    return dict(_digested(path))


def _digested(path: Path | None) -> Iterator[tuple[str, str]]:
    for file in files_of(path):
        with open(file, 'rb') as opened:
            digest = sha256()
            while data := opened.read(1 << 20):
                digest.update(data)
        yield file.name, digest.hexdigest()

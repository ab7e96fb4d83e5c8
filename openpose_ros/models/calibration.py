"""What a network's scores are worth: how often a person of a score is really there."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

from openpose_ros.errors import ModelError

if TYPE_CHECKING:  # manifests are read where nothing else needs NumPy
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class ScoreCalibration:
    """
    A logistic function from the parser's scores to those that are told, and its inverse.

    Told is 1 / (1 + exp(-(slope * score + offset))): Platt, 'Probabilistic outputs for support
    vector machines' (1999). As it rises strictly, the order of people stays.

    Attributes
    ----------
    slope : float
        Above 0, finite.
    offset : float
        Finite.

    Raises
    ------
    ModelError
        If they are not.

    """

    slope: float
    offset: float

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.offset)):
            raise ModelError(
                f'score_calibration is {self}, but must be a slope above 0 and an offset, finite'
            )

    def __str__(self) -> str:
        return f'[{self.slope:g}, {self.offset:g}]'

    def told(self, scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """
        Return the scores to tell, float64 in [0, 1], of the parser's own.

        Parameters
        ----------
        scores : float, of any shape
            The parser's own.

        """
        import numpy as np

        exponent = self.slope * np.asarray(scores, np.float64) + self.offset
        # Of two forms of the same, that whose exponential cannot overflow.
        small = np.exp(-np.abs(exponent))
        return np.where(exponent < 0, small, 1.0) / (1.0 + small)

    def own(self, told: float) -> float:
        """
        Return the parser's score that is told as `told`: the inverse.

        Parameters
        ----------
        told : float
            In [0, 1]. At the ends the result is infinite: everybody passes 0, nobody 1.

        """
        if told <= 0:
            return -math.inf
        if told >= 1:
            return math.inf
        return (math.log(told) - math.log1p(-told) - self.offset) / self.slope

"""Bodies that keep their velocity: a Kalman filter for many of them, in real time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64] | slice

_ANYWHERE = slice(None)


@dataclass(eq=False)
class Motion:
    """
    Places and velocities of N bodies in D dimensions, along each axis alike and independent.

    Methods change the arrays in place.

    Attributes
    ----------
    places, velocities : float64 (N, D)
        In any unit of length, and that a second.
    variances : float64 (N, 3)
        Of each axis: of the place, of place with velocity, of the velocity.

    """

    places: FloatArray
    velocities: FloatArray
    variances: FloatArray

    @classmethod
    def starting(cls, places: FloatArray, noise: FloatArray, speed: FloatArray) -> Motion:
        """
        Return bodies that were seen once.

        Parameters
        ----------
        places : float64 (N, D)
            Where; copied.
        noise : float64 (N,)
            Standard deviation of the places.
        speed : float64 (N,)
            Standard deviation of the velocity that such bodies have.

        """
        variances = np.stack((noise**2, np.zeros(len(noise)), speed**2), axis=1)
        return cls(places.copy(), np.zeros_like(places), variances)

    def predict(self, elapsed_s: float, agility: FloatArray) -> None:
        """
        Let time pass.

        Parameters
        ----------
        elapsed_s : float
            Seconds, from 0.
        agility : float64 (N,)
            How much the velocity may change in a second, standard deviation: white noise of
            acceleration (Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking
            and Navigation, 2001, section 6.2.2).

        """
        t = elapsed_s
        self.places += t * self.velocities
        # What each of the three becomes of each, at once.
        passing = np.array([[1.0, 0.0, 0.0], [2 * t, 1.0, 0.0], [t * t, t, 1.0]])
        added = np.multiply.outer(agility**2, (t**3 / 3, t**2 / 2, t))
        np.add(self.variances @ passing, added, out=self.variances)

    def correct(self, which: Index, errors: FloatArray, noise: FloatArray) -> FloatArray:
        """
        Take in where some of the bodies were seen.

        Parameters
        ----------
        which : index of M bodies
            None of them twice.
        errors : float64 (M, D)
            From where each was expected to where it was seen.
        noise : float64 (M,)
            Standard deviation of where it was seen.

        Returns
        -------
        float64 (M, 2, D)
            What was added to places and velocities.

        """
        place, both, speed = self.variances[which].T
        gains = self.variances[which, :2] / (place + noise**2)[:, np.newaxis]
        added = gains[..., np.newaxis] * errors[:, np.newaxis]
        self.places[which] += added[:, 0]
        self.velocities[which] += added[:, 1]
        speed = np.maximum(speed - gains[:, 1] * both, 0)  # which rounding may make less
        self.variances[which, :2] *= 1 - gains[:, :1]
        self.variances[which, 2] = speed
        return np.asarray(added)

    def unsettle(self, which: Index, distance: float, elapsed_s: float) -> None:
        """Admit that some bodies were pushed that far, all at once, within the last moments."""
        pushed = distance**2 * np.array([1.0, 1 / elapsed_s, 1 / elapsed_s**2])
        self.variances[which] += pushed

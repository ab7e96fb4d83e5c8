"""Cameras: from pixels to rays, from points to pixels, as CameraInfo describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import CameraError
from openpose_ros.placement import Size
from openpose_ros.spatial.distortion import MODELS, padded

Array = npt.NDArray[np.float64]

_SAME = 1e-6  # of the plane at z = 1; a thousandth of a pixel
# Focal lengths in units of the image's side, of fisheyes and telescopes: what is beyond is K of
# other units, or of another image.
_SHORTEST, _LONGEST = 0.1, 1000.0
_EDGE = 0.25  # of a whole image, in which its optical axis is not where a region is cut out
_ALIASES = {'': 'plumb_bob', 'fisheye': 'equidistant', 'rational': 'rational_polynomial'}


@dataclass(frozen=True, eq=False)
class Camera:
    """
    A calibrated camera, in the pixels of one size of image.

    Coordinates are those of an optical frame (REP 103): x right, y down, z forward, metres. A
    pixel's centre has whole coordinates; (0, 0) is the centre of the top left one.

    Attributes
    ----------
    size : (int, int)
        Width and height of the image, pixels.
    focal : (float, float)
        Focal lengths, pixels.
    centre : (float, float)
        Where the optical axis meets the image, pixels.
    skew : float
        Of the pixels; 0 for almost every camera.
    model : str
        Of the lens: one of `distortion.MODELS`.
    coefficients : tuple of float
        Of that model; none: an ideal pinhole.

    """

    size: Size
    focal: tuple[float, float]
    centre: tuple[float, float]
    skew: float = 0.0
    model: str = 'plumb_bob'
    coefficients: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise CameraError(
                f"the distortion model is '{self.model}', but must be one of {', '.join(MODELS)}"
            )
        counts = MODELS[self.model].counts
        if len(self.coefficients) not in counts:
            raise CameraError(
                f'{self.model} has {len(self.coefficients)} coefficients, but takes '
                f'{" or ".join(map(str, counts))}'
            )
        if len(self.coefficients) == 14 and any(self.coefficients[12:]):
            raise CameraError(
                'the lens is tilted (coefficients 13 and 14), which is not known here; calibrate '
                'without a tilted sensor'
            )
        if not np.isfinite(self.coefficients).all():
            raise CameraError(
                f'the coefficients of {self.model} are '
                f'{", ".join(f"{value:g}" for value in self.coefficients)}: the camera is not '
                'calibrated; its driver must publish a camera_info that is'
            )
        numbers = (*self.focal, *self.centre, self.skew)
        if not np.isfinite(numbers).all() or min(self.focal) <= 0:
            raise CameraError(
                f'the focal lengths are {self.focal[0]:g} and {self.focal[1]:g} pixels, the '
                f'centre {self.centre[0]:g}, {self.centre[1]:g}: the camera is not calibrated; '
                'its driver must publish a camera_info that is'
            )

    def rays(self, pixels: npt.ArrayLike) -> Array:
        """
        Return where the rays of pixels meet the plane at z = 1.

        Parameters
        ----------
        pixels : float (..., 2)
            x, y; NaN stays NaN.

        Returns
        -------
        float64 (..., 3)
            x, y, 1; times a depth in metres it is the point at that depth. NaN where the lens
            sees nothing, or at a right angle or more to its axis.

        """
        given = np.asarray(pixels, np.float64)
        flat = given.reshape(-1, 2)
        y = (flat[:, 1] - self.centre[1]) / self.focal[1]
        x = (flat[:, 0] - self.centre[0] - self.skew * y) / self.focal[0]
        points = np.stack([x, y], axis=1)
        if any(self.coefficients) or self.model == 'equidistant':
            with np.errstate(invalid='ignore', over='ignore', divide='ignore'):
                points = MODELS[self.model].undistort(points, padded(self.coefficients))
        points[np.isnan(points).any(axis=1)] = np.nan
        ones = np.where(np.isnan(points[:, :1]), np.nan, 1.0)
        return np.concatenate([points, ones], axis=1).reshape(*given.shape[:-1], 3)

    def project(self, points: npt.ArrayLike) -> Array:
        """
        Return the pixels that see points.

        Parameters
        ----------
        points : float (..., 3)
            Metres, in the camera's optical frame.

        Returns
        -------
        float64 (..., 2)
            They may lie outside the image. NaN where a point is not in front of the camera, or
            beyond where the lens folds back.

        """
        given = np.asarray(points, np.float64)
        flat = given.reshape(-1, 3)
        with np.errstate(invalid='ignore', over='ignore', divide='ignore'):
            ideal = np.where(flat[:, 2:] > 0, flat[:, :2] / flat[:, 2:], np.nan)
            seen = ideal
            if any(self.coefficients) or self.model == 'equidistant':
                model, coefficients = MODELS[self.model], padded(self.coefficients)
                seen = model.distort(ideal, coefficients)
                back = model.undistort(seen, coefficients)
                comes_back = np.abs(back - ideal).max(axis=1, keepdims=True) < _SAME
                seen = np.where(comes_back, seen, np.nan)
        seen[np.isnan(seen).any(axis=1)] = np.nan
        x = self.focal[0] * seen[:, 0] + self.skew * seen[:, 1] + self.centre[0]
        y = self.focal[1] * seen[:, 1] + self.centre[1]
        return np.stack([x, y], axis=1).reshape(*given.shape[:-1], 2)


def camera_of_info(info: Any, size: Size | None = None, *, rectified: bool = False) -> Camera:
    """
    Return the camera that a CameraInfo describes, for images of a size.

    Binning, a region of interest, and images that were scaled since the calibration are
    accounted for.

    Parameters
    ----------
    info : sensor_msgs/CameraInfo
        Told by its fields alone.
    size : (int, int), optional
        Width and height of the images; by default what the message says they are.
    rectified : bool
        Whether the images are rectified: then P holds, and no distortion.

    Raises
    ------
    CameraError
        If the camera is not calibrated, its model is unknown, or the message contradicts itself.

    """
    k, p = np.asarray(info.k, np.float64), np.asarray(info.p, np.float64)
    if rectified:
        fx, skew, cx, fy, cy = p[0], p[1], p[2], p[5], p[6]
        model: str = 'plumb_bob'
        coefficients: tuple[float, ...] = ()
    else:
        fx, skew, cx, fy, cy = k[0], k[1], k[2], k[4], k[5]
        model = _ALIASES.get(info.distortion_model, info.distortion_model)
        coefficients = tuple(float(value) for value in info.d)
        if not any(coefficients) and model not in MODELS:
            model, coefficients = 'plumb_bob', ()
        if model == 'equidistant' and not coefficients:
            coefficients = (0.0,) * 4
        if model == 'rational_polynomial' and not any(coefficients):
            model, coefficients = 'plumb_bob', ()
    if not (fx > 0 and fy > 0):
        raise CameraError(
            f'camera_info holds focal lengths of {fx:g} and {fy:g} pixels: the camera is not '
            'calibrated; calibrate it, or let its driver publish its calibration'
        )
    roi = info.roi
    whole = (int(info.width), int(info.height))
    region = (int(roi.width) or whole[0], int(roi.height) or whole[1])
    binning = (int(info.binning_x) or 1, int(info.binning_y) or 1)
    delivered = (region[0] / binning[0], region[1] / binning[1])
    if min(map(round, delivered)) < 1:
        raise CameraError(
            f'camera_info is for images of {whole[0]}x{whole[1]} pixels, binned by '
            f'{binning[0]}x{binning[1]}: its driver must say how large they are'
        )
    offset = (int(roi.x_offset), int(roi.y_offset))
    for which, focal in enumerate((float(fx), float(fy))):
        _check_focal(focal, region[which])
        _check_region((float(cx), float(cy))[which], offset[which], region[which], whole[which])
    wanted = size or (round(delivered[0]), round(delivered[1]))
    scale_x = wanted[0] / delivered[0] / binning[0]
    scale_y = wanted[1] / delivered[1] / binning[1]
    # What scales is the distance to the edge of the image, half a pixel beyond the first centre.
    return Camera(
        size=wanted,
        focal=(float(fx * scale_x), float(fy * scale_y)),
        centre=(
            float((cx - roi.x_offset + 0.5) * scale_x - 0.5),
            float((cy - roi.y_offset + 0.5) * scale_y - 0.5),
        ),
        skew=float(skew * scale_x),
        model=model,
        coefficients=coefficients,
    )


def is_plausible(focal: float, side: int) -> bool:
    """Return whether a focal length can be that of an image with such a side, both in pixels."""
    return _SHORTEST * side <= focal <= _LONGEST * side


def _check_focal(focal: float, side: int) -> None:
    if not is_plausible(focal, side):
        raise CameraError(
            f'camera_info holds a focal length of {focal:g} pixels for a side of {side} pixels, '
            'which no lens has; its driver must publish K and P in pixels of these images'
        )


def _check_region(centre: float, offset: int, side: int, whole: int) -> None:
    """
    Check that a region of interest lies in the image.

    Some drivers say how large the region is, where they should say it of the whole: then the
    optical axis tells whether there may be so much beside it.
    """
    end = offset + side
    if end > whole and not (side == whole and centre >= _EDGE * end):
        raise CameraError(
            f'the region of interest in camera_info ends at pixel {end}, but the image has '
            f'{whole}; its driver must publish width, height and roi as sensor_msgs/CameraInfo '
            'defines them'
        )

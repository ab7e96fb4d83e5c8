"""
How well people are found: COCO's keypoint metric, average precision and recall over OKS.

pycocotools computes it; `pip install pycocotools`, or the extra `evaluate`, brings it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
import io
from math import isfinite
from typing import Any, NamedTuple

from openpose_ros.errors import LibraryError, ParameterError
from openpose_ros.io.coco.results import coco_results
from openpose_ros.io.coco.truth import Truth, reason_of, rows_of, truth_of

__all__ = ['COCO_KEYPOINTS', 'Scores', 'coco_results', 'compared', 'evaluate', 'table']

COCO_KEYPOINTS = 17  # OKS has a tolerance for each of these, and for no others
_NAMED = 5  # pictures in a line, at most
_COLUMNS = ('all', 'OKS 0.50', 'OKS 0.75', 'medium', 'large')


class Scores(NamedTuple):
    """
    Average precision and recall over OKS 0.50 to 0.95, each in [0, 1].

    Also at 0.50 and at 0.75, and of people whose area is medium (32² to 96² pixels) or large. -1
    where the truth has nobody of that kind.
    """

    ap: float
    ap50: float
    ap75: float
    ap_medium: float
    ap_large: float
    ar: float
    ar50: float
    ar75: float
    ar_medium: float
    ar_large: float


def evaluate(
    results: Iterable[Mapping[str, Any]],
    annotations: dict[str, Any] | Truth,
    image_ids: Sequence[Any] | None = None,
) -> Scores:
    """
    Score results against the ground truth.

    Parameters
    ----------
    results : iterable of dict
        As `coco_results` returns them, of any number of pictures. A picture without any counts
        as one where nobody was found.
    annotations : dict or Truth
        The content of a COCO person_keypoints file; what it leaves open is filled in, as
        `openpose-ros evaluate` does. Or what `read_truth` made of one.
    image_ids : sequence of int, optional
        Only these pictures; by default all that `annotations` lists.

    Returns
    -------
    Scores

    Raises
    ------
    LibraryError
        Without pycocotools.
    ParameterError
        If the truth has other keypoints than COCO's seventeen; or results are none, or of a
        picture that the truth does not have; or it does not have one of `image_ids`.
    SourceError
        If the annotations are no truth in COCO's format.

    """
    truth = annotations if isinstance(annotations, Truth) else truth_of(annotations, 'the truth')
    results = _checked(results, truth)
    if image_ids is not None:
        _check_pictures(image_ids, truth)
    scorer = compared(results, truth.dataset, image_ids)
    with redirect_stdout(io.StringIO()):  # pycocotools reports each step
        scorer.accumulate()
        scorer.summarize()
    return Scores(*(float(value) for value in scorer.stats))


def compared(
    results: Iterable[Mapping[str, Any]],
    annotations: dict[str, Any],
    image_ids: Sequence[Any] | None = None,
) -> Any:
    """Return pycocotools' scorer that has matched results with the truth; as `evaluate` takes."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as exc:
        raise LibraryError('evaluation', 'pycocotools', 'pip install pycocotools') from exc
    names = annotations['categories'][0]['keypoints']
    if annotations['annotations'] and len(names) != COCO_KEYPOINTS:
        raise ParameterError(
            f'the truth has {len(names)} keypoints, but OKS is defined for the {COCO_KEYPOINTS} '
            'of COCO only'
        )
    copies = [dict(result) for result in results]  # loadRes writes into them
    annotations, copies, image_ids = _in_an_order(annotations, copies, image_ids)
    with redirect_stdout(io.StringIO()):
        truth, found = COCO(), COCO()
        truth.dataset = annotations
        truth.createIndex()
        if copies:  # loadRes needs one
            found = truth.loadRes(copies)
        scorer = COCOeval(truth, found, 'keypoints')
        if image_ids is not None:
            scorer.params.imgIds = list(image_ids)
        scorer.evaluate()
    return scorer


def _checked(results: Iterable[Mapping[str, Any]], truth: Truth) -> list[Mapping[str, Any]]:
    """Return results, if each is one of a picture of the truth."""
    try:
        listed = list(results)
    except TypeError:
        raise ParameterError(
            f'the results are a {type(results).__name__}, but must be a list of what coco_results '
            'returns'
        ) from None
    pictures = {image['id'] for image in truth.dataset['images']}
    for place, result in enumerate(listed):
        try:
            rows_of(result['keypoints'], len(truth.keypoint_names))
            if not isfinite(result['score']):
                raise ValueError(f'its score is {result["score"]}')
            if result['image_id'] not in pictures:
                raise ValueError(f'the truth has no picture {result["image_id"]!r}')
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as exc:
            raise ParameterError(
                f'result {place} (from 0): {reason_of(exc)}; expected what coco_results returns, '
                'of pictures of the truth'
            ) from exc
    return listed


def _check_pictures(image_ids: Sequence[Any], truth: Truth) -> None:
    if isinstance(image_ids, str) or not isinstance(image_ids, Iterable):
        raise ParameterError(f'image_ids are {image_ids!r}, but must be a list of ids')
    pictures = dict.fromkeys(image['id'] for image in truth.dataset['images'])
    for name in image_ids:
        if not isinstance(name, Hashable) or name not in pictures:
            raise ParameterError(
                f'image_ids has {name!r}, but the truth has no such picture; it has '
                f'{", ".join(map(repr, list(pictures)[:_NAMED]))}'
                + (' and others' if len(pictures) > _NAMED else '')
            )


def _in_an_order(
    annotations: dict[str, Any], results: list[dict[str, Any]], image_ids: Sequence[Any] | None
) -> tuple[dict[str, Any], list[dict[str, Any]], Sequence[Any] | None]:
    """Give pictures numbers where their ids are words and numbers: pycocotools sorts them."""
    ids = [image['id'] for image in annotations['images']]
    try:
        sorted(ids)
    except TypeError:
        numbers = {name: number for number, name in enumerate(ids)}
        images, people = (
            [{**item, key: numbers[item[key]]} for item in annotations[name]]
            for name, key in (('images', 'id'), ('annotations', 'image_id'))
        )
        annotations = {**annotations, 'images': images, 'annotations': people}
        results = [{**item, 'image_id': numbers[item['image_id']]} for item in results]
        if image_ids is not None:
            image_ids = [numbers[name] for name in image_ids]
    return annotations, results, image_ids


def table(scores: Scores) -> list[str]:
    """Return lines to read: a row for precision, one for recall."""
    width = max(map(len, _COLUMNS)) + 2
    lines = ['  ' + ''.join(f'{column:>{width}}' for column in _COLUMNS)]
    for name, values in (('AP', scores[:5]), ('AR', scores[5:])):
        cells = ('-' if value < 0 else f'{value:.3f}' for value in values)
        lines.append(name + ''.join(f'{cell:>{width}}' for cell in cells))
    return lines

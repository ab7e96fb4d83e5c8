"""The decoders by the names that manifests have for them: their parameters, and what runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import declarations, from_mapping
from openpose_ros.parsing.paf.params import PafParams, check_reachable
from openpose_ros.parsing.posenet.params import PoseNetParams

if TYPE_CHECKING:  # flags are made from this, and start without NumPy
    from openpose_ros.models import ModelSpec
    from openpose_ros.people import People

DecoderParams = PafParams | PoseNetParams

PARAMS: dict[str, type[Any]] = {'paf': PafParams, 'posenet': PoseNetParams}


def params_for(spec: ModelSpec, params: DecoderParams | Mapping[str, Any] | None) -> DecoderParams:
    """
    Return the parameters of the decoder that a model needs.

    Parameters
    ----------
    spec : ModelSpec
        Names the decoder.
    params : PafParams, PoseNetParams, mapping or None
        Names and values of some; None for the defaults.

    Raises
    ------
    ParameterError
        If they are those of another decoder, or not allowed.

    """
    if spec.decoder not in PARAMS:
        raise ParameterError(
            f'{spec.name} finds the keypoints of one {spec.skeleton.name} in a crop, not people; '
            'give it as --hand or --face (hand_model, face_model), beside a network for bodies'
        )
    cls = PARAMS[spec.decoder]
    if params is None or isinstance(params, Mapping):
        check_names(spec, params or ())
        params = from_mapping(cls, params or {})
    if not isinstance(params, PafParams | PoseNetParams) or not isinstance(params, cls):
        raise ParameterError(
            f'params are {type(params).__name__}, but {spec.name} has the decoder '
            f"'{spec.decoder}': pass {cls.__name__}"
        )
    if spec.decoder == 'paf' and isinstance(params, PafParams):
        check_reachable(params, spec.skeleton)
    return params


def check_names(spec: ModelSpec, names: Iterable[str]) -> None:
    """
    Check that no name is a parameter of another decoder than a model's.

    Raises
    ------
    ParameterError
        With the names that its decoder has.

    """
    foreign = foreign_names(spec.decoder)
    for name in names:
        if name in foreign:
            known = ', '.join(names_of(spec.decoder))
            raise ParameterError(
                f"{name} is a parameter of another decoder than '{spec.decoder}', which "
                f'{spec.name} has; leave it out, or take of {known}'
            )


def foreign_names(decoder: str) -> frozenset[str]:
    """Return the names of the parameters that other decoders have, and this one has not."""
    every = chain.from_iterable(map(names_of, PARAMS))
    return frozenset(every) - frozenset(names_of(decoder))


def names_of(decoder: str) -> list[str]:
    """Return the names of a decoder's parameters."""
    cls: Any = PARAMS[decoder]
    return [item.name for item in declarations(cls)]


def open_parser(spec: ModelSpec) -> Callable[..., People]:
    """
    Return the function that takes one picture's maps, the skeleton and the parameters.

    The kernels compile for seconds, once: when this is called, not on import; those for optimal
    matching with the first picture that asks for it.
    """
    if spec.decoder == 'posenet':
        from openpose_ros.parsing.posenet.parse import parse_posenet

        return partial(parse_posenet, stride=spec.stride)
    from openpose_ros.parsing.paf.parse import parse_pafs

    return parse_pafs

"""What decoders are given besides maps, looked at."""

from __future__ import annotations

from openpose_ros.errors import ParameterError
from openpose_ros.skeletons import check_is_skeleton


def check_given(skeleton: object, params: object, cls: type) -> None:
    """
    Check that there are a skeleton and a decoder's parameters, and not names of them.

    Parameters
    ----------
    skeleton, params : object
        As they were given.
    cls : type
        Of the parameters.

    Raises
    ------
    SkeletonError, ParameterError
        If one is something else.

    """
    check_is_skeleton(skeleton)
    if not isinstance(params, cls):
        raise ParameterError(
            f'params are {type(params).__name__}, but must be {cls.__name__}: '
            f'{cls.__name__}(name=value)'
        )

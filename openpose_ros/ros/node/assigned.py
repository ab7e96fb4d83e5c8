"""Parameters that were given by name, and those of decoders that a network has not."""

from __future__ import annotations

from collections.abc import Collection

from openpose_ros.models import load_model
from openpose_ros.parsing.decoders import PARAMS, check_names, foreign_names


def check_assigned(model: str, assigned: Collection[str]) -> None:
    """
    Check that what was given by name is not of a decoder that the network has not.

    Parameters
    ----------
    model : str
        As the parameter has it.
    assigned : collection of str
        What somebody gave with `-p`, say; a parameter file may hold those of every decoder.

    Raises
    ------
    ModelError
        If the model is not known.
    ParameterError
        If one is of another decoder; the message says which there are.

    """
    if any(foreign_names(decoder).intersection(assigned) for decoder in PARAMS):
        check_names(load_model(model or None, need_file=False), assigned)

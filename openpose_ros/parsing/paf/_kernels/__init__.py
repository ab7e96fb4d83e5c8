"""
Every compiled loop of the parser: arrays and scalars only, no checks of arguments.

The public functions around these validate and allocate; here all arrays are taken to be C-ordered
and of the signature's dtype. Signatures are explicit, so everything is compiled when this package
is first imported and kept in Numba's cache; where no cache can be written it is compiled anew in
every process. Positions are in map cells, (0, 0) the centre of the first cell.
"""

from openpose_ros._imports import hidden

# Numba asks coverage for what the versions of Debian 12 and Ubuntu 24.04 do not have, and colcon
# brings them along. Where coverage measures, it was imported before and stays.
try:
    with hidden('coverage'):
        import numba  # noqa: F401
except ImportError:
    raise
except Exception as exc:  # what a broken library raises is no error of whoever imports us
    raise ImportError(f'Numba cannot be imported ({type(exc).__name__}: {exc})') from exc

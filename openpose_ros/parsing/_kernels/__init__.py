"""
What the compiled loops of all decoders share: how they are compiled and kept, and sorting.

A decoder's own loops are in its room `_kernels`: arrays and scalars only, no checks of arguments.
The public functions around them validate and allocate; in there all arrays are taken to be
C-ordered and of the signature's dtype.
"""

from importlib.util import find_spec

from openpose_ros._imports import cause_of, hidden

# Numba asks coverage for what the versions of Debian 12 and Ubuntu 24.04 do not have, and colcon
# brings them along. Where coverage measures, it was imported before and stays.
try:
    with hidden('coverage'):
        import numba  # noqa: F401
except ImportError:
    raise
except Exception as exc:  # what a broken library raises is no error of whoever imports us
    raise ImportError(f'Numba cannot be imported ({cause_of(exc)})') from exc

# Whether SciPy is there it asks by importing its linear algebra, which takes a quarter second of
# every start, and which it imports again where somebody's function needs it.
with hidden('scipy.linalg'):
    from numba.np import arraymath
if hasattr(arraymath, '_HAVE_BLAS'):
    arraymath._HAVE_BLAS = find_spec('scipy') is not None

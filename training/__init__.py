"""Training of OpenPose-family networks: data, targets, network, loop, export."""

from __future__ import annotations

from pathlib import Path
import sys
from types import TracebackType


def _complain(
    kind: type[BaseException], exc: BaseException, traceback: TracebackType | None
) -> None:
    """Say in a line what a command misses, or was given that is wrong; a `sys.excepthook`."""
    from openpose_ros.errors import OpenPoseError

    missing = exc.name if isinstance(exc, ModuleNotFoundError) else None
    if missing and missing.partition('.')[0] not in ('openpose_ros', 'training', 'benchmarks'):
        line = f'{missing} is missing, which training needs: pip install "openpose_ros[training]"'
    elif isinstance(exc, OpenPoseError):
        line = ' '.join(str(exc).split())
    else:
        sys.__excepthook__(kind, exc, traceback)
        return
    sys.stderr.write(f'training.{Path(sys.argv[0]).stem}: {line}\n')


# The modules of this package import PyTorch where others do, at their beginning, which is before
# their `main` could say anything. Only while Python looks for the module of `-m` is that the name.
if sys.argv[:1] == ['-m']:
    sys.excepthook = _complain

"""
NVIDIA's TensorRT: which of its libraries is installed, and what that version can do.

`tensorrt` (8.6 to 11, with JetPack or from NVIDIA's package index) and `tensorrt_rtx` (desktop
GPUs; it also builds engines where there is no GPU) have one Python API. What differs from version
to version is asked for by name, never by number. Names and what became of them are those of
https://docs.nvidia.com/deeplearning/tensorrt/latest/api/migration: 8.x wants EXPLICIT_BATCH and
has FP16 as a flag; 10 has both that flag and STRONGLY_TYPED; 11 types every network strongly.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from importlib import import_module
import logging
import re
import sys
from typing import Any, NamedTuple

from openpose_ros.errors import EngineError, MissingError, MissingLibraryError

_LOGGER = logging.getLogger(__name__)
FLAVOURS = {  # in this order they are looked for; how each is installed
    'tensorrt': 'on a Jetson: sudo apt install python3-libnvinfer; else: pip install tensorrt',
    'tensorrt_rtx': 'pip install tensorrt_rtx',
}
_OLDEST = (8, 6)
_LEVELS = {  # TensorRT's severities; its errors are remembered, and raised by who called it
    'INTERNAL_ERROR': logging.DEBUG,
    'ERROR': logging.DEBUG,
    'WARNING': logging.INFO,  # most are hints to who builds, and no fault
    'INFO': logging.DEBUG,
    'VERBOSE': logging.DEBUG,
}
_KEPT_ERRORS = 8


class Library(NamedTuple):
    """
    One installed TensorRT.

    Attributes
    ----------
    module : module
        `tensorrt` or `tensorrt_rtx`.
    flavour : str
        Its name.
    version : str
        As it says itself, '10.3.0' for example.
    logger : ILogger
        The one to give to Builder, Runtime and OnnxParser: TensorRT wants one for all of them.

    """

    module: Any
    flavour: str
    version: str
    logger: Any

    @property
    def title(self) -> str:
        """For messages: 'TensorRT 10.3.0', 'TensorRT-RTX 1.7.1.116'."""
        return f'{"TensorRT-RTX" if self.flavour == "tensorrt_rtx" else "TensorRT"} {self.version}'

    @property
    def is_strongly_typed(self) -> bool:
        """Whether networks can be (from 10), or always are (from 11), typed by their graph."""
        return hasattr(self.module.NetworkDefinitionCreationFlag, 'STRONGLY_TYPED')

    @property
    def network_flags(self) -> int:
        """What to give to `Builder.create_network`: as strongly typed as this version can."""
        flags = self.module.NetworkDefinitionCreationFlag
        name = 'STRONGLY_TYPED' if self.is_strongly_typed else 'EXPLICIT_BATCH'
        return 1 << int(getattr(flags, name))

    @property
    def has_progress_monitor(self) -> bool:
        """Whether a build can tell how far it is."""
        return hasattr(self.module, 'IProgressMonitor')

    @property
    def has_timing_cache(self) -> bool:
        """Whether what a build measures can help the next; RTX has the calls, which do nothing."""
        return self.flavour == 'tensorrt'

    @property
    def targets(self) -> tuple[str, ...]:
        """GPUs that engines can be built for without having one, 'sm_86' for example."""
        members = getattr(getattr(self.module, 'ComputeCapability', None), '__members__', {})
        return tuple(f'sm_{name[2:]}' for name in members if re.fullmatch(r'SM\d+', name))

    def compute_capability(self, target: str) -> Any:
        """
        Return TensorRT's own constant for one of `targets`.

        Raises
        ------
        EngineError
            If it is none of them.

        """
        if target not in self.targets:
            choices = ', '.join(self.targets) or 'the GPU of this machine only'
            raise EngineError(f"{self.title} cannot build for '{target}'; it can for {choices}")
        return getattr(self.module.ComputeCapability, f'SM{target[3:]}')

    def take_errors(self) -> str:
        """Return what TensorRT called errors since the last call, in one line; '' for none."""
        errors = list(dict.fromkeys(self.logger.errors))
        self.logger.errors.clear()
        return '; '.join(errors)


def load_library(flavour: str | None = None) -> Library:
    """
    Load TensorRT.

    Parameters
    ----------
    flavour : str, optional
        'tensorrt' or 'tensorrt_rtx'; by default the first of them that is installed.

    Raises
    ------
    EngineError
        If it is not installed (a MissingLibraryError) or cannot be loaded (a MissingError), or is
        older than 8.6; with what to do.

    """
    if flavour is not None and flavour not in FLAVOURS:
        raise EngineError(f"no TensorRT library '{flavour}'; choose from {', '.join(FLAVOURS)}")
    reasons, broken = [], False
    for name in FLAVOURS if flavour is None else (flavour,):
        try:
            return _load(name)
        except ModuleNotFoundError as exc:
            if exc.name == name:
                reasons.append(f'{name} is not installed ({FLAVOURS[name]})')
                continue
            broken = True
            reasons.append(f'{name} cannot be loaded ({exc})')
        except EngineError:
            raise
        except Exception as exc:  # noqa: BLE001  a broken library raises anything
            broken = True
            reasons.append(f'{name} cannot be loaded ({" ".join(str(exc).split())})')
    raise (MissingError if broken else MissingLibraryError)(
        f'no TensorRT for {sys.executable}',
        f'{"; ".join(reasons)}. A Python of its own (venv, conda) does not see the one that '
        'JetPack installs',
    )


@cache
def _load(flavour: str) -> Library:
    module = import_module(flavour)
    version = str(module.__version__)
    library = Library(module, flavour, version, _make_logger(module))
    numbers = tuple(int(number) for number in re.findall(r'\d+', version)[:2])
    if flavour == 'tensorrt' and numbers < _OLDEST:
        raise EngineError(
            f'{library.title} is too old; this needs 8.6 or newer, on a Jetson JetPack 6 or 7 '
            '(JetPack 5 is not supported)'
        )
    return library


def _make_logger(module: Any) -> Any:
    """Make the logger; its class has to be made here, as its base is in the module."""

    class Logger(module.ILogger):  # type: ignore[misc]
        """Sends TensorRT's messages to `logging` and remembers its last errors."""

        def __init__(self) -> None:
            module.ILogger.__init__(self)  # super() does not do for a class of pybind11
            self.errors: deque[str] = deque(maxlen=_KEPT_ERRORS)

        def log(self, severity: Any, message: str) -> None:
            line = ' '.join(message.split())
            if severity.name.endswith('ERROR'):
                self.errors.append(line)
            _LOGGER.log(_LEVELS[severity.name], '%s', line)

    return Logger()

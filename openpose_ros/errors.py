"""
Every exception that this package raises on purpose.

::

    OpenPoseError
    ├── SkeletonError     a skeleton that does not exist or contradicts itself
    ├── ParameterError    a parameter out of its range (also a ValueError)
    ├── ModelError        a manifest or a model file: missing, changed, incomplete
    │   └── FetchError    a download that could not be completed
    ├── EngineError       an inference backend: absent, or failing on a model
    │   └── MissingError  what an engine needs, and this machine has not
    │       └── MissingLibraryError  and that is a library that can be installed
    ├── MapsError         heatmaps or PAFs of wrong shape, dtype or values (also a ValueError)
    ├── SourceError       a picture, folder, video or camera that cannot be read
    │   └── FrameError    one frame that is not a picture (also a ValueError)
    ├── OutputError       a result that cannot be written or shown
    ├── ReaderGoneError   what is printed, and nobody reads any more
    ├── LibraryError      a library that one feature needs, and that is not there (ImportError)
    ├── TransportError    a network of nodes that cannot be joined
    ├── CameraError       a calibration that says nothing, or what is not known (also a ValueError)
    ├── TransformError    two frames between which no transform is known, at that time
    └── TransitionError   what a node cannot do in the state that it is in

Every message says what was found, what was expected and what to do.
"""

from __future__ import annotations


class OpenPoseError(Exception):
    """Base of all errors of this package; the command line prints it as one line."""


class SkeletonError(OpenPoseError):
    """A skeleton that does not exist or contradicts itself."""


class ParameterError(OpenPoseError, ValueError):
    """A parameter that is out of its range."""


class ModelError(OpenPoseError):
    """A manifest or a model file that is missing, changed or incomplete."""


class FetchError(ModelError):
    """A download that could not be completed."""


class EngineError(OpenPoseError):
    """An inference backend that is absent, or fails on a model."""


class MissingError(EngineError):
    """
    What an engine needs, and this machine has not: a GPU, a library.

    Attributes
    ----------
    found, remedy : str
        The two halves of the message, for who can do without, or knows another remedy.

    """

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f'{found}: {remedy}')
        self.found = found
        self.remedy = remedy


class MissingLibraryError(MissingError):
    """A library that an engine needs, and that is not installed."""


class MapsError(OpenPoseError, ValueError):
    """Heatmaps or part affinity fields of a wrong shape, dtype or value."""


class SourceError(OpenPoseError):
    """A picture, folder, video or camera that cannot be read."""


class FrameError(SourceError, ValueError):
    """One frame that is not a picture."""


class OutputError(OpenPoseError):
    """A result that cannot be written or shown."""


class ReaderGoneError(OpenPoseError):
    """What is printed, and nobody reads any more; `| head` has seen enough."""


class LibraryError(OpenPoseError, ImportError):
    """
    A library that only one feature needs, and that is not installed.

    Attributes
    ----------
    feature : str
        What needs it, as a user calls it.

    """

    def __init__(self, feature: str, library: str, how_to_install: str) -> None:
        super().__init__(
            f'{feature} needs {library}, which is not installed; {how_to_install}', name=library
        )
        self.feature = feature


class TransportError(OpenPoseError):
    """A network of nodes that cannot be joined."""


class CameraError(OpenPoseError, ValueError):
    """A camera's calibration that says nothing, or what is not known."""


class TransformError(OpenPoseError):
    """Two frames between which no transform is known, at that time."""


class TransitionError(OpenPoseError):
    """What a node cannot do in the state that it is in."""

"""Which backends there are, and where; who only wants their names imports nothing heavy."""

from __future__ import annotations

from typing import NamedTuple


class Backend(NamedTuple):
    """
    What runs networks.

    Attributes
    ----------
    module, opener : str
        Where it is, and the function there that opens an engine: it takes a ModelSpec, providers,
        threads, and `wishes` by name.
    how_to_install : str
        When the module cannot be imported.
    needs_file : bool
        Whether it runs the model's file.
    wishes : tuple of str
        Which of precision, net_resolution and on_build it can fulfil.
    check : str
        The function there that sees that what it needs besides is here, and raises an
        EngineError; '' where importing the module shows it.

    """

    module: str
    opener: str
    how_to_install: str = 'install openpose_ros anew'
    needs_file: bool = True
    wishes: tuple[str, ...] = ()
    check: str = ''


AUTO = 'auto'
MOST_THREADS = 256  # OpenVINO and ONNX Runtime take all memory before they refuse a million
BACKENDS = {
    'tensorrt': Backend(
        'openpose_ros.engine.tensorrt.opening',
        'open_tensorrt',
        'on a Jetson it is part of JetPack (sudo apt install nvidia-jetpack), elsewhere of the '
        "extra tensorrt (pip install '.[tensorrt]')",
        wishes=('precision', 'net_resolution', 'on_build'),
        check='check_tensorrt',
    ),
    'onnxruntime': Backend(
        'openpose_ros.engine.onnxruntime', 'open_onnxruntime', 'pip install onnxruntime'
    ),
    'openvino': Backend(
        'openpose_ros.engine.openvino',
        'open_openvino',
        'pip install openvino',
        wishes=('precision',),
    ),
    'fake': Backend('openpose_ros.engine.fake', 'open_fake', needs_file=False),
}
CHOICES = (AUTO, *BACKENDS)
PRECISIONS = ('fp32', 'fp16', 'bf16', 'int8')  # that a network may run in

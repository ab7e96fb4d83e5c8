"""Which TensorRT is found, and what is said of its version."""

from __future__ import annotations

import logging
from pathlib import Path
import sys

import pytest

from openpose_ros.engine.tensorrt.library import Library, load_library
from openpose_ros.errors import EngineError


@pytest.fixture
def library() -> Library:
    pytest.importorskip('tensorrt_rtx', reason='needs tensorrt_rtx, which has no wheel here')
    return load_library('tensorrt_rtx')


def install(folder: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a module of that name where Python finds it first."""
    (folder / f'{name}.py').write_text(source)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(sys.modules, name, None)  # so that it is gone again after the test
    monkeypatch.delitem(sys.modules, name)


def test_rtx_says_what_it_can_do(library: Library) -> None:
    assert library.flavour == 'tensorrt_rtx'
    assert library.title == f'TensorRT-RTX {library.version}'
    assert library.is_strongly_typed
    assert library.network_flags == 1 << int(
        library.module.NetworkDefinitionCreationFlag.STRONGLY_TYPED
    )
    assert library.has_progress_monitor
    assert {'sm_75', 'sm_80', 'sm_86', 'sm_89', 'sm_120', 'sm_121'} <= set(library.targets)
    assert library.compute_capability('sm_86') is library.module.ComputeCapability.SM86


def test_target_that_it_does_not_have_is_refused_with_those_it_has(library: Library) -> None:
    with pytest.raises(EngineError, match=r"cannot build for 'sm_90'; it can for sm_75, sm_80"):
        library.compute_capability('sm_90')


def test_it_is_loaded_once(library: Library) -> None:
    assert load_library('tensorrt_rtx') is library


def test_errors_are_remembered_once_each_and_in_one_line(library: Library) -> None:
    severity = library.module.ILogger.Severity
    library.take_errors()
    for level, text in [
        (severity.ERROR, 'no\n  memory'),
        (severity.WARNING, 'slow'),
        (severity.ERROR, 'no memory'),
        (severity.INTERNAL_ERROR, 'assertion'),
    ]:
        library.logger.log(level, text)
    assert library.take_errors() == 'no memory; assertion'
    assert library.take_errors() == ''


def test_messages_go_to_logging(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, 'openpose_ros')
    library.logger.log(library.module.ILogger.Severity.WARNING, 'a hint')
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ('INFO', 'a hint')
    ]


def test_absent_library_is_one_line_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('tensorrt', 'tensorrt_rtx'):
        monkeypatch.setitem(sys.modules, name, None)
    # None in sys.modules is Python's way to say that there is no such module.
    with pytest.raises(EngineError, match='apt install python3-libnvinfer') as caught:
        load_library('tensorrt')
    assert '\n' not in str(caught.value)


def test_unknown_flavour_is_refused() -> None:
    with pytest.raises(EngineError, match='choose from tensorrt, tensorrt_rtx'):
        load_library('openvino')


def test_library_that_does_not_load_is_told_with_its_own_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "raise OSError('libnvinfer.so.10: cannot open shared object file')"
    install(tmp_path, 'tensorrt', source, monkeypatch)
    with pytest.raises(EngineError, match=r'cannot be loaded \(libnvinfer.so.10: cannot open'):
        load_library('tensorrt')


def test_jetpack_5_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, 'tensorrt', "__version__ = '8.5.2.2'\nclass ILogger: pass", monkeypatch)
    with pytest.raises(EngineError, match=r'TensorRT 8\.5\.2\.2 is too old; .*JetPack 5 is not'):
        load_library('tensorrt')

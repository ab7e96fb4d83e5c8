"""
The names of NVIDIA's libraries that we call, compared with the libraries: this needs no GPU.

Where the names come from, besides the libraries that are installed here: TensorRT's bindings,
their sources (github.com/NVIDIA/TensorRT, python/src, at v8.6.1, v10.0.1, v10.3.0, v10.16, v11.0
and v11.1) and the strings in their binaries (PyPI's wheels of 8.6.1, 10.0.1, 10.3.0, 10.16.1,
11.0.0 and 11.4.0, CUDA 12 and 13); pycuda's sources (github.com/inducer/pycuda, v2020.1 and
v2026.1). What is not in all of these stands in NOT_EVERYWHERE, and who calls it must ask first.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
import re
from typing import Any

import pytest

from openpose_ros.engine import tensorrt

FOLDER = Path(tensorrt.__file__).parent

# What our modules call TensorRT's objects; '' is the library itself.
RECEIVERS = {
    'session': {
        'module': '',
        '_runtime': 'Runtime',
        'engine': 'ICudaEngine',
        '_engine': 'ICudaEngine',
        'context': 'IExecutionContext',
        '_context': 'IExecutionContext',
    },
    'precision': {
        'module': '',
        'engine': 'ICudaEngine',
        'inspector': 'EngineInspector',
        'network': 'INetworkDefinition',
    },
    'build': {
        'trt': '',
        'builder': 'Builder',
        'network': 'INetworkDefinition',
        'config': 'IBuilderConfig',
        'parser': 'OnnxParser',
        'profile': 'IOptimizationProfile',
        'timing': 'ITimingCache',
    },
    'library': {'module': ''},
    'progress': {'module': ''},
}
EVERYWHERE = {
    '': {
        *('Builder', 'BuilderFlag', 'ILogger', 'LayerInformationFormat', 'MemoryPoolType'),
        *('NetworkDefinitionCreationFlag', 'OnnxParser', 'ProfilingVerbosity', 'Runtime'),
        *('TensorIOMode', '__version__'),
    },
    'Builder': {
        *('build_serialized_network', 'create_builder_config', 'create_network'),
        'create_optimization_profile',
    },
    'EngineInspector': {'execution_context', 'get_engine_information'},
    'IBuilderConfig': {
        *('add_optimization_profile', 'create_timing_cache', 'profiling_verbosity', 'set_flag'),
        *('set_memory_pool_limit', 'set_timing_cache'),
    },
    'ICudaEngine': {
        *('create_engine_inspector', 'create_execution_context', 'get_tensor_dtype'),
        *('get_tensor_mode', 'get_tensor_name', 'get_tensor_profile_shape', 'get_tensor_shape'),
        'num_io_tensors',
    },
    'IExecutionContext': {
        *('execute_async_v3', 'get_tensor_shape', 'set_input_shape', 'set_tensor_address'),
    },
    'ILogger': {'__init__'},
    'INetworkDefinition': {
        *('get_input', 'get_layer', 'get_output', 'num_inputs', 'num_layers', 'num_outputs'),
    },
    'IOptimizationProfile': {'set_shape'},
    'ITimingCache': {'serialize'},
    'LayerInformationFormat': {'JSON'},
    'MemoryPoolType': {'WORKSPACE'},
    'OnnxParser': {'get_error', 'num_errors', 'parse', 'supports_operator'},
    'ProfilingVerbosity': {'DETAILED'},
    'Runtime': {'deserialize_cuda_engine'},
    'TensorIOMode': {'INPUT'},
}
NOT_EVERYWHERE = {  # which TensorRT has it, and who sees to that
    ('', 'ComputeCapability'): 'RTX; Library.targets',
    ('', 'IProgressMonitor'): 'from 10.0, RTX; Library.has_progress_monitor',
    ('BuilderFlag', 'FP16'): 'up to 10; not Library.is_strongly_typed',
    ('BuilderFlag', 'INT8'): 'up to 10; not Library.is_strongly_typed',
    ('IBuilderConfig', 'num_compute_capabilities'): 'RTX; Library.targets',
    ('IBuilderConfig', 'progress_monitor'): 'from 10.0, RTX; Library.has_progress_monitor',
    ('IBuilderConfig', 'set_compute_capability'): 'RTX; Library.targets',
}
GONE_FROM_RTX = {('BuilderFlag', 'FP16'), ('BuilderFlag', 'INT8')}
PYCUDA = {
    *('Context', 'Device', 'Error', 'MemoryError', 'Stream', 'get_driver_version', 'init'),
    *('mem_alloc', 'mem_get_info', 'memcpy_dtoh_async', 'memcpy_htod_async', 'pagelocked_empty'),
}


def attributes(module: str) -> set[tuple[str, str]]:
    """Return what a module of ours wants of whom, by the names of receiver and attribute."""
    tree = ast.parse((FOLDER / f'{module}.py').read_text(encoding='utf-8'))
    return {
        (getattr(node.value, 'attr', getattr(node.value, 'id', '')), node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }


def called() -> set[tuple[str, str]]:
    """Return every class of TensorRT and what our modules want of it."""
    found = set()
    for module, receivers in RECEIVERS.items():
        wanted = attributes(module)
        found |= {(receivers[who], what) for who, what in wanted if who in receivers}
        # As in trt.MemoryPoolType.WORKSPACE.
        classes = {what for who, what in wanted if receivers.get(who) == ''}
        found |= {(who, what) for who, what in wanted if who in classes}
    return found


def test_every_name_that_is_called_was_compared_and_no_other():
    everywhere = {(who, what) for who, names in EVERYWHERE.items() for what in names}
    assert called() == everywhere | set(NOT_EVERYWHERE)


def test_numbered_bindings_are_not_used():
    for module in RECEIVERS:
        source = (FOLDER / f'{module}.py').read_text(encoding='utf-8')
        assert not re.search(r'get_binding|binding_is|num_bindings|execute_v2|async_v2', source)


@pytest.mark.parametrize('flavour', ['tensorrt', 'tensorrt_rtx'])
def test_names_are_in_the_library_that_is_installed(flavour):
    library = pytest.importorskip(flavour, reason=f'{flavour} is not installed')
    missing = set()
    for who, what in called():
        holder = getattr(library, who) if who else library
        if not hasattr(holder, what):
            missing.add((who, what))
    assert missing <= set(NOT_EVERYWHERE)
    if flavour == 'tensorrt_rtx':
        assert missing == GONE_FROM_RTX


def test_only_the_cuda_library_is_asked_for_memory():
    assert not any(module in ('pycuda', 'cuda') for module in RECEIVERS)
    names = {what for who, what in attributes('cuda') if who == '_cuda'}
    assert names - {'CUDA_VERSION', 'CUresult', 'CUdevice_attribute'} == PYCUDA


def calls_of_cuda_python() -> set[str]:
    tree = ast.parse((FOLDER / 'cuda.py').read_text(encoding='utf-8'))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in constants if isinstance(text, str) and re.match(r'cu[A-Z]\w+$', text)}


def test_cuda_python_has_what_is_called():
    driver: Any = pytest.importorskip(
        'cuda.bindings.driver', reason='needs cuda-bindings, of the extra dev'
    )
    calls = calls_of_cuda_python()
    assert len(calls) == 19
    assert {name for name in calls if not callable(getattr(driver, name, None))} == set()
    assert int(driver.CUresult.CUDA_SUCCESS) == 0
    assert driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY.name == 'CUDA_ERROR_OUT_OF_MEMORY'
    for side in ('MAJOR', 'MINOR'):
        name = f'CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_{side}'
        assert hasattr(driver.CUdevice_attribute, name)
    assert int(driver.CUstream_flags.CU_STREAM_NON_BLOCKING) == 1
    assert int(driver.CUstream(7)) == 7
    assert int(driver.CUdeviceptr(5)) == 5
    assert driver.CUDA_VERSION >= 11000


def test_pycuda_has_what_is_called():
    try:
        cuda = import_module('pycuda.driver')
    except ImportError as exc:  # it needs the driver's library to be imported at all
        pytest.skip(f'needs pycuda and a driver: {exc}')
    assert {name for name in PYCUDA if not hasattr(cuda, name)} == set()

"""Which network runs where none is named."""

from __future__ import annotations

import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import default, default_name, load_model
from openpose_ros.models.default import float32_name, processor_flags, why_default

BASE, BASE_INT8 = 'openpose-ros-base', 'openpose-ros-base-int8'
SMALL_INT8 = 'openpose-ros-small-int8'
X86 = 'processor\t: 0\nflags\t\t: fpu sse4_2 avx2 avx512_vnni\n\nprocessor\t: 1\nflags\t: no\n'
ARM = 'processor\t: 0\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd42\n'


@pytest.mark.parametrize(
    ('device', 'flags', 'name'),
    [
        ('gpu', (), BASE),
        ('gpu', ('avx2',), BASE),
        ('cpu', ('avx2', 'avx512_vnni'), BASE_INT8),
        ('cpu', ('avx_vnni',), BASE_INT8),
        ('cpu', 'avx2 avx512_vnni', BASE_INT8),  # as /proc/cpuinfo has them
        ('cpu', 'avx2', SMALL_INT8),
        ('cpu', ('amx_int8',), BASE_INT8),
        ('cpu', ('asimd', 'asimddp'), BASE_INT8),
        ('cpu', ('i8mm',), BASE_INT8),
        ('cpu', ('avx2', 'avx512f', 'asimd'), SMALL_INT8),
        ('cpu', (), SMALL_INT8),  # not known
    ],
)
def test_the_default_is_what_the_device_runs_at_a_cameras_pace(device, flags, name):
    assert default_name(device, flags) == name
    assert load_model(name).path is not None  # it is in the package


def test_the_reason_names_the_instructions():
    assert why_default('cpu', ['avx512_vnni', 'amx_int8', 'avx2']) == (
        'a CPU with instructions for int8 runs it (amx_int8, avx512_vnni)'
    )
    assert why_default('cpu') == 'a CPU without known instructions for int8 runs it'
    assert why_default('gpu') == 'a GPU runs it'


def test_another_device_is_refused():
    with pytest.raises(ModelError, match=r"no device 'tpu'; choose from gpu, cpu$"):
        default_name('tpu')


def test_the_float32_form_of_a_default():
    assert float32_name(BASE_INT8) == float32_name(BASE) == BASE


@pytest.mark.parametrize(
    ('facts', 'flags'),
    [
        (X86, {'fpu', 'sse4_2', 'avx2', 'avx512_vnni'}),
        (ARM, {'fp', 'asimd', 'asimddp'}),
        ('', set()),
        ('nothing: to see\n', set()),
        (None, set()),  # not Linux
    ],
)
def test_processor_flags_are_those_that_linux_tells(monkeypatch, tmp_path, facts, flags):
    path = tmp_path / 'cpuinfo'
    if facts is not None:
        path.write_text(facts)
    monkeypatch.setattr(default, '_FACTS', path)
    assert processor_flags() == flags

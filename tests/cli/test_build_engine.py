"""The verb `build-engine`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpose_ros.cli import main
from tests.engine.graphs import write_network


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Give each test a cache of its own."""
    folder = tmp_path / 'Zwischen speicher'
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(folder))
    return folder / 'engines'


@pytest.fixture
def network(tmp_path):
    """Write a tiny network and return its path."""
    path = tmp_path / 'mein Modell ü.onnx'
    return str(write_network(path, {'heatmaps': 19, 'pafs': 38}).path)


@pytest.fixture
def rtx():
    """Skip where there is no library that builds without a GPU."""
    pytest.importorskip('tensorrt_rtx', reason='needs tensorrt_rtx, which has no wheel here')
    return ['--library', 'tensorrt_rtx', '--target', 'sm_86', '--target', 'sm_120']


def test_engine_is_built_and_then_found(network, rtx, cache, capsys):
    command = ['build-engine', network, *rtx, '--net-resolution', '64x48']
    assert main(command) == 0
    what, path, result = capsys.readouterr().out.splitlines()
    assert what.startswith('TensorRT-RTX ')
    assert what.endswith(
        ' builds mein Modell ü for sm_86, sm_120, 64x48 to 128x96, best at 64x48: '
        'no engine of mein Modell ü has been built'
    )
    assert Path(path).parent == cache
    assert Path(path).is_file()
    assert result.startswith('layers in fp16, ')
    assert main(command) == 0
    assert capsys.readouterr() == (f'{path} is there already, its layers in fp16\n', '')
    assert main([*command, '--force']) == 0
    assert capsys.readouterr().out.splitlines()[1] == path


def test_other_engine_is_built_and_it_says_why(network, rtx, capsys):
    assert main(['build-engine', network, *rtx, '--net-resolution', '64x48']) == 0
    first = capsys.readouterr().out.splitlines()[1]
    sizes = ['--min-size', '32x32', '--max-size', '64x64', '--workspace', '64']
    command = ['build-engine', network, *rtx, '--net-resolution', '64x48', *sizes]
    assert main([*command, '--precision', 'fp32', '--quiet']) == 0
    what, _, result = capsys.readouterr().out.splitlines()
    assert what.endswith(
        f'{Path(first).name} is in fp16, not fp32 and takes 64x48 to 128x96, best at 64x48, '
        'not 32x32 to 64x64, best at 64x48'
    )
    assert result.startswith('layers in fp32, ')


@pytest.mark.parametrize(
    ('flags', 'status', 'message'),
    [
        (['--target', 'sm_90'], 1, "cannot build for 'sm_90'; it can for sm_75, sm_80"),
        (['--target', 'Orin'], 1, "cannot build for 'Orin'"),
        (['--target', 'sm_86', '--fixed', '--max-size', '128x128'], 2, 'takes 456x256 only'),
        (['--target', 'sm_86', '--min-size', '457x257'], 2, 'multiple of 8, but got 457x257'),
    ],
)
def test_what_cannot_be_built_is_one_line(
    network, rtx, monkeypatch, capsys, flags, status, message
):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '-1')
    command = ['build-engine', network, '--library', 'tensorrt_rtx', '--net-resolution', '456x256']
    assert main([*command, *flags]) == status
    output, errors = capsys.readouterr()
    assert (output, errors.count('\n')) == ('', 1)
    assert message in errors


@pytest.mark.usefixtures('rtx')
def test_without_a_gpu_one_can_be_named(network, monkeypatch, capsys):
    monkeypatch.setattr('openpose_ros.engine.tensorrt.cuda._cuda_of_driver', lambda: 0.0)
    assert main(['build-engine', network, '--library', 'tensorrt_rtx']) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(
        'openpose-ros: no NVIDIA GPU can be used (there is no driver, libcuda.so.1): openpose-ros '
        'doctor says why; or name the GPU that it is for: --target, one of sm_75, sm_80, '
    )
    assert errors.count('\n') == 1
    assert len(errors) < 200


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['--precision', 'int4'], "choose from 'fp16', 'fp32'"),
        (['--net-resolution', '456'], 'is not WIDTHxHEIGHT'),
        (['--workspace', '0'], '0 is below 1'),
    ],
)
def test_wrong_usage_is_one_line(flags, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(['build-engine', 'pose', *flags])
    assert caught.value.code == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count('\n') == 1


def test_unknown_library_is_one_line(network, capsys):
    assert main(['build-engine', network, '--library', 'openvino']) == 1
    assert 'choose from tensorrt, tensorrt_rtx' in capsys.readouterr().err


def test_copy_is_an_engine_where_it_is_carried(network, rtx, cache, tmp_path, monkeypatch, capsys):
    other = tmp_path / 'robot'
    copy = other / 'engines' / 'mine.engine'
    command = ['build-engine', network, *rtx, '--net-resolution', '64x48', '--quiet']
    assert main([*command, '-o', str(copy)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f'copied to {copy}'
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(other))
    assert main(command) == 0
    assert capsys.readouterr().out == f'{copy} is there already, its layers in fp16\n'


@pytest.mark.parametrize('which', ['model', 'manifest', 'engine', 'its JSON'])
def test_copy_never_replaces_what_is_read(network, rtx, cache, tmp_path, capsys, which):
    command = ['build-engine', network, *rtx, '--net-resolution', '64x48', '--quiet']
    assert main(command) == 0
    (engine,) = cache.glob('*.engine')
    sources = {
        'model': Path(network),
        'manifest': Path(network).with_suffix('.json'),
        'engine': engine,
        'its JSON': engine.with_name(f'{engine.name}.json'),
    }
    there = tmp_path / 'robot.engine'
    beside = there.with_name('robot.engine.json')
    (beside if which in ('manifest', 'its JSON') else there).hardlink_to(sources[which])
    before = [path.read_bytes() for path in sources.values()]
    capsys.readouterr()
    assert main([*command, '--output', str(there)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith('which this command reads: it would be lost; choose another name')
    assert [path.read_bytes() for path in sources.values()] == before


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('mine.plan', "--output is '{}', but must end in .engine"),
        ('a/b.engine', 'cannot write {}'),
    ],
)
def test_copy_that_cannot_be_is_one_line(network, rtx, tmp_path, capsys, name, message):
    (tmp_path / 'a').write_text('a file')
    output = tmp_path / name
    command = ['build-engine', network, *rtx, '--net-resolution', '64x48', '--quiet']
    assert main([*command, '--output', str(output)]) in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert message.format(output if 'plan' in name else output.parent) in line

"""What the benchmark of imports measures, on networks that OpenCV 4 has run before."""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np
import pytest

from benchmarks import importers
from benchmarks.importers import CASES, Row, main, table
from openpose_ros.errors import OpenPoseError
from tests.models.importing.caffe import networks

RECORDED = Path(networks.__file__).with_name('opencv.npz')


@pytest.fixture
def judge(tmp_path):
    """Return a function that writes a judge: it gives recorded maps for what `change` leaves."""

    def judge(change=''):
        program = tmp_path / 'judge'
        program.write_text(
            f'#!{sys.executable}\n'
            f'import sys; sys.path.insert(0, {str(importers.ROOT)!r})\n'
            'import numpy as np\n'
            'from pathlib import Path\n'
            'from tests.models.importing.caffe import networks\n'
            'name, folder = sys.argv[3], Path(sys.argv[4])\n'
            'net = networks.with_weights(networks.NETWORKS[name](networks.EIGHTH))\n'
            f'maps = np.load({str(RECORDED)!r})[name][0].copy()\n'
            f'{change}\n'
            '(folder / "net.caffemodel").write_bytes(net.SerializeToString())\n'
            'np.save(folder / "picture.npy", networks.picture())\n'
            'np.savez(folder / "maps.npz", joined=maps)\n'
            'print("recorded")\n'
        )
        program.chmod(0o755)
        return f'caffe={program}'

    return judge


def test_what_comes_out_is_compared_with_the_judge(judge, capsys):
    assert main(['mpi', '--judge', judge()]) == 0
    *_, row = capsys.readouterr().out.splitlines()
    name, by, file, seconds, memory, difference = (cell.strip() for cell in row[1:-1].split('|'))
    assert (name, by, file) == ('mpi', 'recorded', '4 MB')
    assert float(seconds.removesuffix(' s')) > 0
    assert float(memory.removesuffix(' MB')) > 20
    assert 0 < float(difference) <= importers.MOST


def test_what_comes_out_otherwise_fails(judge, capsys):
    swapped = judge('maps[[0, 1]] = maps[[1, 0]]')
    assert main(['mpi', '--judge', swapped]) == 1
    assert 'not as they were: mpi' in capsys.readouterr().err


def test_a_network_that_cannot_be_imported_is_an_error(judge):
    with pytest.raises(OpenPoseError, match=r'coco cannot be imported: .*it lacks conv4_2'):
        main(['coco', '--judge', judge('del net.layer[21].blobs[:]')])


def test_networks_without_a_judge_are_left_out(capsys):
    assert main(['hand', '--judge', 'caffe=/nowhere/python']) == 1
    captured = capsys.readouterr()
    assert 'left out: hand: its judge fails: ' in captured.err
    assert len(captured.out.splitlines()) == 2


def test_the_table_has_a_line_a_network():
    assert [*table([Row('a', 'b', 1.0, 2.0, 3.0, np.nan)])][2] == (
        '| a | b | 1 MB | 2.0 s | 3 MB | nan |'
    )


def test_each_case_has_a_judge():
    for case in CASES.values():
        assert (importers.ROOT / f'tests/models/importing/{case.kind}/judge.py').is_file()

"""Files that claim more than they have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models.importing import limits


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / 'net'
    path.write_bytes(b'123456')
    assert limits.read_bytes(path) == b'123456'
    assert limits.read_bytes(path, 6) == b'123456'
    with pytest.raises(ModelError, match='net is too large: 0 MB are the most'):
        limits.read_bytes(path, 5)
    with pytest.raises(ModelError, match=r'cannot read .*nowhere: No such file'):
        limits.read_bytes(tmp_path / 'nowhere')


def test_what_cannot_be_read_twice_is_not_read_at_all(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for path in (tmp_path / 'pipe', Path('/dev/zero')):
        with pytest.raises(ModelError, match=rf'cannot read {path}: it is no regular file; copy'):
            limits.read_bytes(path)
    with pytest.raises(ModelError, match=r'cannot read .*: Is a directory'):
        limits.read_bytes(tmp_path)


@pytest.mark.parametrize(
    ('shape', 'present', 'item'),
    [
        ((2, 3), 23, 4),
        ((2, 3), 25, 4),
        ((-1, -6), 24, 4),
        ((1 << 32, 1 << 32), 0, 4),  # what 64 bits would wrap to 0
        ((1,) * 9, 4, 4),
    ],
)
def test_a_shape_that_its_bytes_do_not_fill_is_none(shape, present, item):
    with pytest.raises(ValueError, match=r'^the bias has the shape .* bytes, which do not fit'):
        limits.check_shape(shape, present, item, 'the bias')


def test_a_shape_that_fits_is_returned():
    assert limits.check_shape([2, 3], 24, 4, 'it') == (2, 3)
    assert limits.check_shape([], 4, 4, 'it') == ()
    assert limits.check_shape([0, 1 << 40], 0, 4, 'it') == (0, 1 << 40)


@pytest.mark.parametrize(
    ('check', 'most'),
    [
        (limits.check_nodes, limits.MOST_NODES),
        (limits.check_tensors, limits.MOST_TENSORS),
        (limits.check_nesting, limits.MOST_NESTING),
    ],
)
def test_counts_have_limits(check, most):
    check(most)
    with pytest.raises(ValueError, match=str(most)):
        check(most + 1)

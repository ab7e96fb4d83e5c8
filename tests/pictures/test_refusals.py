"""What would kill or swallow is refused before anything is asked for."""

from __future__ import annotations

import cv2
import pytest

from benchmarks.fuzz_pictures import encoded
from benchmarks.refusals import MOST_BYTES, REFUSED, python_memory, refuse, resident_memory
from openpose_ros.errors import FrameError
from openpose_ros.pictures.decoding import check_header
from openpose_ros.pictures.formats import FILE_FORMATS


@pytest.mark.parametrize('name', REFUSED)
def test_refusing_takes_no_memory_and_no_decoder(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = REFUSED[name]()
    refuse(data)  # what is imported or compiled once is not counted
    monkeypatch.setattr(cv2, 'imdecode', None)
    assert '\n' not in refuse(data)
    assert python_memory(data) < MOST_BYTES
    assert resident_memory(data) < MOST_BYTES


@pytest.mark.parametrize('name', [name for name in REFUSED if name.startswith('JPEG with 8 MB')])
def test_beginning_of_a_file_is_enough_to_refuse_it(name: str) -> None:
    data = REFUSED[name]()
    head = memoryview(data)[: 1 << 18]
    with pytest.raises(FrameError):
        check_header(head, 'it', max_pixels=100, formats=FILE_FORMATS, total=len(data))


def test_beginning_of_a_file_that_says_nothing_yet_is_no_reason() -> None:
    data = encoded('.jpg')
    for length in (2, 20, 100):
        head = memoryview(data)[:length]
        found = check_header(head, 'it', max_pixels=10_000, formats=FILE_FORMATS, total=len(data))
        assert found is None

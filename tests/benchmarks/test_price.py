"""AP over CPU time: the interpolation by hand, the picture as XML."""

from __future__ import annotations

import math
import sys
from xml.etree import ElementTree

import pytest

pytest.importorskip('pycocotools')
from benchmarks import price
from benchmarks.price import Point, at_the_same_price, cpu_milliseconds, drawn
from openpose_ros.estimator import PoseEstimator

TEACHER = [
    Point((456, 256), 40.0, 0.4),
    Point((256, 144), 10.0, 0.1),
    Point((320, 184), 20.0, 0.3),
]
SVG = '{http://www.w3.org/2000/svg}'


@pytest.mark.parametrize(
    ('ms', 'ap'),
    [
        (10.0, 0.1),
        (20.0, 0.3),
        (40.0, 0.4),
        (math.sqrt(200), 0.2),  # half way in log time
        (20 * 2**0.25, 0.325),
        (9.99, None),  # where it is not defined
        (40.01, None),
    ],
)
def test_ap_at_the_same_price_is_linear_in_log_time(ms, ap):
    found = at_the_same_price(TEACHER, ms)
    assert found == (None if ap is None else pytest.approx(ap))


def test_the_picture_has_a_line_a_network_and_a_dot_a_size():
    curves = {price.BASE: [Point((256, 144), 5.0, 0.2), Point((656, 368), 50.0, 0.5)]}
    curves[price.TEACHER] = TEACHER
    tree = ElementTree.fromstring(drawn(curves))
    dots = tree.findall(f'{SVG}circle')
    assert len(dots) == 5
    lines = [path for path in tree.findall(f'{SVG}path') if path.get('stroke-width')]
    assert [line.get('stroke') for line in lines] == [price.COLOURS[name] for name in curves]
    words = {text.text for text in tree.findall(f'{SVG}text')}
    assert {*curves, '256x144', '656x368', 'AP'} <= words
    first, last = dots[0], dots[1]  # cheaper is further left, better is higher
    assert float(first.get('cx')) < float(last.get('cx'))
    assert float(first.get('cy')) > float(last.get('cy'))
    across = [float(dot.get('cx')) for dot in dots[2:]]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2)  # 10, 20, 40 ms


def test_every_network_is_timed_at_every_size():
    with PoseEstimator.from_model(backend='fake') as estimator:
        times = cpu_milliseconds({'fake': estimator}, [(64, 64), (128, 64)], 2)
    assert set(times) == {('fake', (64, 64)), ('fake', (128, 64))}
    assert all(ms > 0 for ms in times.values())


def test_missing_annotations_are_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, 'argv', ['price.py', '--images', str(tmp_path / 'no')])
    assert price.main() == 1
    assert 'no annotations at' in capsys.readouterr().err

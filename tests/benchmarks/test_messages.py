"""The benchmark of messages measures each of them."""

from __future__ import annotations

import pytest

from benchmarks import messages


def test_every_message_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('sys.argv', ['messages', '--people', '1', '2', '--repetitions', '2'])
    messages.main()
    rows = [line.split(' | ') for line in capsys.readouterr().out.splitlines()[2:]]
    names = [row[0].strip('| ') for row in rows]
    assert names == ['persons', 'markers', 'hri', 'detections', 'image_annotations', 'tf']
    assert all(float(cell.strip(' |')) > 0 for row in rows for cell in row[1:])


def test_everything_is_known_of_the_crowd() -> None:
    people, located = messages.crowd(3)
    assert len(people) == len(located) == 3
    assert located.positions is not None
    assert located.positions.shape == (3, 18, 3)
    assert all(people.ids)

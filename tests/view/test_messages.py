"""What a browser may say."""

from __future__ import annotations

import pytest

from openpose_ros.view.layers import Layers
from openpose_ros.view.messages import MessageError, Pace, parse_message


@pytest.mark.parametrize(
    ('text', 'parsed'),
    [
        ('{"token": "x"}', ('token', 'x')),
        ('{"set": {"a": 1, "b": true, "c": "d"}}', ('set', {'a': 1, 'b': True, 'c': 'd'})),
        ('{"copy": "yaml"}', ('copy', 'yaml')),
        ('{"seek": 12}', ('seek', 12)),
        ('{"step": -1}', ('step', -1)),
        ('{"pause": 0}', ('pause', 0)),
        (
            '{"layers": {"heatmap": 3, "paf": -1, "peaks": true, "refused": false}}',
            ('layers', Layers(3, -1, True, False)),
        ),
    ],
)
def test_known_messages_are_read(text: str, parsed: tuple[str, object]) -> None:
    assert parse_message(text) == parsed


@pytest.mark.parametrize(
    'text',
    [
        '',
        'token',
        '[]',
        '{}',
        '{"token": "x", "set": {}}',
        '{"eval": "1"}',
        '{"__class__": 0}',
        '{"token": 1}',
        '{"set": {}}',
        '{"set": [1]}',
        '{"set": {"a": null}}',
        '{"set": {"a": [1]}}',
        '{"set": {"a": NaN}}',
        '{"copy": "everything"}',
        '{"copy": ["yaml"]}',
        '{"seek": 1.5}',
        '{"seek": true}',
        '{"seek": 9007199254740993}',
        '{"layers": {"heatmap": 1}}',
        '{"layers": {"heatmap": true, "paf": -1, "peaks": true, "refused": false}}',
        '{"layers": {"heatmap": 1, "paf": -1, "peaks": 1, "refused": false}}',
        '[' * 60000,
        '9' * 60000,
    ],
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_message(text)


def test_fifty_a_second_pass_and_not_more() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    assert [pace.allows() for _ in range(51)] == [True] * 50 + [False]
    now = 0.1
    assert [pace.allows() for _ in range(6)] == [True] * 5 + [False]
    now = 100.0
    assert sum(pace.allows() for _ in range(100)) == 50

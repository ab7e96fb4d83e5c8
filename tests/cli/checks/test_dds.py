"""Settings of the network, right and wrong."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from openpose_ros.cli.checks import dds


@pytest.fixture(autouse=True)
def clean(network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('FASTRTPS_DEFAULT_PROFILES_FILE', raising=False)


def test_settings_show_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    monkeypatch.setenv('ROS_STATIC_PEERS', '10.1.2.3')
    assert dds.check_settings() == [
        (
            'discovery',
            'ok',
            'domain 7, ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST, ROS_STATIC_PEERS is set',
            '',
        )
    ]


@pytest.mark.parametrize(
    ('name', 'value', 'state'),
    [
        ('ROS_DOMAIN_ID', '233', 'broken'),
        ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'EVERYWHERE', 'broken'),
        ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF', 'warning'),
    ],
)
def test_setting_that_is_wrong_is_to_be_unset(
    name: str, value: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    [finding] = dds.check_settings()
    assert (finding.state, finding.fix) == (state, f'unset {name}')


@pytest.mark.parametrize(
    ('content', 'state'), [('212992\n', 'warning'), ('4194304\n', 'ok'), ('', 'ok'), (None, 'ok')]
)
def test_receive_buffer_must_hold_an_image(
    content: str | None, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / 'rmem_max').write_text(content)
    monkeypatch.setattr(dds, 'RECEIVE_BUFFER', tmp_path / 'rmem_max')
    [finding] = dds.check_buffers()
    assert finding.state == state
    assert bool(finding.fix) == (state == 'warning')


@pytest.mark.skipif(find_spec('cyclonedds') is None, reason='needs cyclonedds')
def test_cyclone_joins_the_domain_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    [finding] = dds.check_cyclone()
    assert finding.state == 'ok', finding
    monkeypatch.setenv('CYCLONEDDS_URI', '<CycloneDDS><Domain><General><Nonsense/>')
    [finding] = dds.check_cyclone()
    assert finding.state == 'broken'
    assert 'CYCLONEDDS_URI' in finding.found


def test_cyclone_that_is_not_installed_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('openpose_ros.cli.network.find_spec', lambda name: None)
    [finding] = dds.check_cyclone()
    assert (finding.state, finding.fix) == ('missing', 'pip install cyclonedds rosbags')

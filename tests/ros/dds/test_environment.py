"""ROS 2's variables, and what they ask of Cyclone DDS."""

from __future__ import annotations

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from openpose_ros.errors import TransportError
from openpose_ros.ros.dds.environment import address_of, cyclone_config, domain_of


def configured(**environment: str) -> ElementTree.Element:
    """Return the Domain element of what is configured."""
    config = cyclone_config(environment, resolve=lambda peer: peer)
    assert config is not None
    domain = ElementTree.fromstring(config).find('Domain')
    assert domain is not None
    return domain


def peers(domain: ElementTree.Element) -> list[str]:
    return [peer.attrib['address'] for peer in domain.findall('Discovery/Peers/Peer')]


@pytest.mark.parametrize(
    ('text', 'domain'), [(None, 0), ('', 0), ('0', 0), ('42', 42), ('232', 232)]
)
def test_domain_is_read(text: str | None, domain: int) -> None:
    assert domain_of({} if text is None else {'ROS_DOMAIN_ID': text}) == domain


@pytest.mark.parametrize('text', ['233', '-1', 'robot', '1.5', '٣٠٠'])
def test_domain_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TransportError, match=f"ROS_DOMAIN_ID is '{text}'.*0 to 232"):
        domain_of({'ROS_DOMAIN_ID': text})


@pytest.mark.parametrize(
    ('name', 'multicast', 'localhost'),
    [
        ('', 'true', 'true'),  # not set: as SUBNET
        ('SUBNET', 'true', 'true'),
        ('LOCALHOST', 'false', 'true'),
        ('OFF', 'false', 'false'),
    ],
)
def test_range_decides_how_far_is_looked(name: str, multicast: str, localhost: str) -> None:
    domain = configured(ROS_AUTOMATIC_DISCOVERY_RANGE=name)
    assert domain.findtext('General/AllowMulticast') == multicast
    asked = domain.find('Discovery/Peers')
    assert asked is not None
    assert asked.attrib['AddLocalhost'] == localhost
    interface = domain.find('General/Interfaces/NetworkInterface')
    assert (interface is not None) == (name == 'LOCALHOST')


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('SUBNET', ['192.0.2.7', 'robot & co']),
        ('LOCALHOST', ['192.0.2.7', 'robot & co']),
        ('OFF', []),
    ],
)
def test_static_peers_are_asked_too(name: str, found: list[str]) -> None:
    domain = configured(
        ROS_AUTOMATIC_DISCOVERY_RANGE=name, ROS_STATIC_PEERS='192.0.2.7;;robot & co'
    )
    assert peers(domain) == found


@pytest.mark.parametrize(
    ('peer', 'address'),
    [
        ('192.0.2.7', '192.0.2.7'),
        ('192.0.2.7:7410', '192.0.2.7:7410'),
        (' localhost ', '127.0.0.1'),
        ('::1', None),  # Cyclone speaks IPv4, and would end the process
        ('no.such.host.invalid', None),
        ('robot & co', None),
        ('x' * 300, None),
        (f'{"a." * 40}{"b" * 70}', None),  # labels too long for a name
    ],
)
def test_peer_becomes_an_address(peer: str, address: str | None) -> None:
    assert address_of(peer) == address


def test_peer_without_an_address_is_left_out_with_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = cyclone_config({'ROS_STATIC_PEERS': 'no.such.host.invalid;127.0.0.1'})
    assert config is not None
    assert 'no.such.host' not in config
    assert 'address="127.0.0.1"' in config
    (line,) = caplog.messages
    assert "'no.such.host.invalid'" in line


def test_node_joins_with_a_peer_that_does_not_resolve() -> None:
    """Cyclone ends a process that names one, so it is asked in another process."""
    code = (
        'from openpose_ros.ros.node.names import Names\n'
        'from openpose_ros.ros.dds.participant import Participant\n'
        "with Participant(Names.from_rules('n', [])): print('joined')"
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'ROS_STATIC_PEERS': 'no.such.host.invalid;::1;127.0.0.1'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == 'joined\n'


@pytest.mark.parametrize(('value', 'multicast'), [('1', 'false'), ('0', 'true')])
def test_localhost_only_goes_first(value: str, multicast: str) -> None:
    domain = configured(
        ROS_LOCALHOST_ONLY=value, ROS_AUTOMATIC_DISCOVERY_RANGE='OFF', ROS_STATIC_PEERS='192.0.2.7'
    )
    assert domain.findtext('General/AllowMulticast') == multicast
    assert peers(domain) == []


@pytest.mark.parametrize(
    'environment',
    [
        {'CYCLONEDDS_URI': 'file:///cyclone.xml', 'ROS_LOCALHOST_ONLY': '1'},
        {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SYSTEM_DEFAULT', 'ROS_STATIC_PEERS': '192.0.2.7'},
    ],
)
def test_what_cyclone_was_told_is_left_alone(environment: dict[str, str]) -> None:
    assert cyclone_config(environment) is None


def test_unknown_range_lists_those_that_exist() -> None:
    with pytest.raises(TransportError, match="'NEAR', but must be one of SUBNET, LOCALHOST, OFF"):
        cyclone_config({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'NEAR'})

"""What ROS 2's environment variables ask of Cyclone DDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
import os
import re
import socket
from xml.sax.saxutils import quoteattr

from openpose_ros.errors import TransportError

_LOGGER = logging.getLogger(__name__)

# Above 232 the ports that DDS computes from the domain would not fit into 16 bits.
_HIGHEST_DOMAIN = 232


@dataclass(frozen=True)
class _Range:
    """How far nodes are looked for, in Cyclone's XML; close to what rmw_cyclonedds makes of it."""

    general: str
    discovery: str
    add_localhost: bool = True
    peers: bool = True


_MULTICAST = '<AllowMulticast>{}</AllowMulticast>'
# Who is asked at a peer's address: only the ports of the lowest indices.
_INDICES = (
    '<ParticipantIndex>auto</ParticipantIndex>'
    '<MaxAutoParticipantIndex>32</MaxAutoParticipantIndex>'
)
_RANGES = {
    # Asking localhost too helps where the network has no multicast, as in some containers.
    'SUBNET': _Range(_MULTICAST.format('true'), _INDICES),
    # Cyclone 11 hears no announcement on an interface that it was not given; nodes of rmw's older
    # Cyclone announce themselves to 127.0.0.1 whatever their interface is.
    'LOCALHOST': _Range(
        _MULTICAST.format('false')
        + '<Interfaces><NetworkInterface address="127.0.0.1" multicast="false"/></Interfaces>',
        _INDICES,
    ),
    # Nobody has the same tag, so that nobody is found.
    'OFF': _Range(
        _MULTICAST.format('false'),
        f'<ParticipantIndex>none</ParticipantIndex><Tag>ros_discovery_off_{os.getpid()}</Tag>',
        add_localhost=False,
        peers=False,
    ),
    'SYSTEM_DEFAULT': None,
}


def domain_of(environment: Mapping[str, str]) -> int:
    """
    Return ROS_DOMAIN_ID, 0 where it is not set.

    Raises
    ------
    TransportError
        If it is no number that DDS can use.

    """
    text = environment.get('ROS_DOMAIN_ID') or '0'
    if not text.isdecimal() or int(text) > _HIGHEST_DOMAIN:
        raise TransportError(
            f"ROS_DOMAIN_ID is '{text}', but must be a whole number from 0 to {_HIGHEST_DOMAIN}"
        )
    return int(text)


def address_of(peer: str) -> str | None:
    """
    Return a peer's IPv4 address as numbers, with the port if it names one.

    Parameters
    ----------
    peer : str
        'robot.local', '192.0.2.7', 'robot.local:7400'.

    Returns
    -------
    str or None
        None where there is no such host, or it has no IPv4 address.

    """
    host, port = re.fullmatch(r'(.*?)((?::\d+)?)', peer.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return None
    return f'{found[0][4][0]}{port}'


def cyclone_config(
    environment: Mapping[str, str], resolve: Callable[[str], str | None] = address_of
) -> str | None:
    """
    Return the configuration for Cyclone DDS, as XML.

    ROS_LOCALHOST_ONLY, where it is set, goes before ROS_AUTOMATIC_DISCOVERY_RANGE and
    ROS_STATIC_PEERS, as in rcl. Peers that do not resolve are left out, with a warning:
    Cyclone would end the process.

    Parameters
    ----------
    environment : mapping of str to str
        Where the variables are looked up.
    resolve : callable
        As `address_of`.

    Returns
    -------
    str or None
        None where Cyclone's own ways are to be left alone: CYCLONEDDS_URI is set, or the range
        is SYSTEM_DEFAULT.

    Raises
    ------
    TransportError
        If the range is none that ROS 2 knows.

    """
    if environment.get('CYCLONEDDS_URI'):
        return None
    name = environment.get('ROS_AUTOMATIC_DISCOVERY_RANGE') or 'SUBNET'
    peers = [peer for peer in environment.get('ROS_STATIC_PEERS', '').split(';') if peer]
    localhost_only = environment.get('ROS_LOCALHOST_ONLY')
    if localhost_only:
        name, peers = 'LOCALHOST' if localhost_only == '1' else 'SUBNET', []
    if name not in _RANGES:
        raise TransportError(
            f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{name}', but must be one of {', '.join(_RANGES)}"
        )
    wanted = _RANGES[name]
    return None if wanted is None else _xml(wanted, _known(peers, resolve) if wanted.peers else [])


def _known(peers: list[str], resolve: Callable[[str], str | None]) -> list[str]:
    """Return the addresses of those peers that have one."""
    found = []
    for peer in peers:
        address = resolve(peer)
        if address is None:
            _LOGGER.warning(
                "ROS_STATIC_PEERS names '%s', which is no host with an IPv4 address here; it is "
                'not asked for nodes: correct the name, or give its address',
                peer,
            )
        else:
            found.append(address)
    return found


def _xml(wanted: _Range, peers: list[str]) -> str:
    addresses = ''.join(f'<Peer address={quoteattr(address)}/>' for address in peers)
    return (
        f'<CycloneDDS><Domain><General>{wanted.general}</General>'
        f'<Discovery>{wanted.discovery}'
        f'<Peers AddLocalhost="{str(wanted.add_localhost).lower()}">{addresses}</Peers>'
        '</Discovery>'
        # A raw image comes as one burst of packets; the kernel grants what net.core.rmem_max has.
        '<Internal><SocketReceiveBufferSize min="default" max="16MB"/></Internal>'
        '</Domain></CycloneDDS>'
    )

"""Where the page is served."""

from __future__ import annotations

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.view.addresses import DEFAULT, Address, parse_address, warning_of


@pytest.mark.parametrize(
    ('text', 'address'),
    [
        (DEFAULT, Address('127.0.0.1', 8088)),
        ('8088', Address('127.0.0.1', 8088)),  # never another one by default
        ('localhost:0', Address('localhost', 0)),
        ('[::1]:80', Address('::1', 80)),
        ('0.0.0.0:65535', Address('0.0.0.0', 65535)),
        ('robot.local:9000', Address('robot.local', 9000)),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert ':' not in text or str(address) == text


@pytest.mark.parametrize(
    'text',
    ['', ':', ':80', 'photo.jpg', 'host:', 'host:x', 'host:65536', '::1:80', 'a b:1', '[h]:1'],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match='HOST:PORT'):
        parse_address(text)


@pytest.mark.parametrize('host', ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
def test_loopback_needs_no_warning(host: str) -> None:
    assert warning_of(Address(host, 8088)) == ''


@pytest.mark.parametrize('host', ['0.0.0.0', '192.168.1.5', 'robot.local', '::'])
def test_others_are_told_that_nothing_is_encrypted(host: str) -> None:
    line = warning_of(Address(host, 9000))
    assert 'not encrypted' in line
    assert 'ssh -L 9000:127.0.0.1:9000' in line
    assert '\n' not in line

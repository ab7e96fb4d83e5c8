"""The token, and who guesses it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.view.options import announcement, view_options
from openpose_ros.view.tokens import VARIABLE, Attempts, Token, find_token

OWN = 'my-own-token-of-16'


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_random_token_has_128_bits_and_is_another_each_time() -> None:
    texts = {find_token().fragment for _ in range(20)}
    assert len(texts) == 20
    for text in texts:
        assert text[0] == '#'
        assert len(base64.urlsafe_b64decode(text[1:] + '==')) == 16


def test_only_the_token_opens() -> None:
    token = Token(OWN)
    assert token.opens(OWN)
    for wrong in (
        None,
        '',
        OWN[:-1],
        OWN + ' ',
        OWN.upper(),
        16,
        ['x'],
        {'a': 1},
        '\ud800',
        'ä' * 18,
    ):
        assert not token.opens(wrong), wrong


def test_one_of_the_user_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / 'token'
    file.write_text(f'{OWN}-file\n')
    monkeypatch.setenv(VARIABLE, OWN)
    assert find_token().opens(OWN)
    assert find_token(file).opens(f'{OWN}-file')


@pytest.mark.parametrize(
    'text', ['', 'sh0rt!', 'with spaces in it!', 'x' * 257, 'ümlaut-ümlaut-ü']
)
def test_one_that_is_short_or_odd_is_refused_and_not_told(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    (tmp_path / 'token').write_text(text)
    for file in (None, tmp_path / 'token'):
        with pytest.raises(ParameterError, match='16 to 256') as caught:
            find_token(file)
        assert not text or text not in str(caught.value)
    with pytest.raises(ParameterError, match='cannot read'):
        find_token(tmp_path / 'nothing')


def test_only_a_random_token_is_told_and_only_in_the_fragment() -> None:
    options = view_options('127.0.0.1:80')
    assert str(options).count('Token') == 0
    (line,) = announcement(options.address, options.token)
    assert line == f'view: http://127.0.0.1:80/{options.token.fragment}'
    (own,) = announcement(options.address, Token(OWN, own=True))
    assert OWN not in own
    assert repr(Token(OWN)) == '<Token>'


def test_ten_wrong_ones_a_minute_close_the_door_for_a_minute() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(9):
        attempts.note('10.0.0.1')
    assert not attempts.are_too_many('10.0.0.1')
    attempts.note('10.0.0.1')
    assert attempts.are_too_many('10.0.0.1')
    assert not attempts.are_too_many('10.0.0.2')  # others are let be
    now = 59.9
    assert attempts.are_too_many('10.0.0.1')
    now = 60.0
    assert not attempts.are_too_many('10.0.0.1')
    attempts.note('10.0.0.1')  # and counted anew
    assert not attempts.are_too_many('10.0.0.1')


def test_ten_wrong_ones_in_more_than_a_minute_are_let_be() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(30):
        attempts.note('10.0.0.1')
        now += 7.0
        assert not attempts.are_too_many('10.0.0.1')


def test_who_changes_addresses_takes_no_memory() -> None:
    attempts = Attempts()
    for number in range(5000):
        for _ in range(10):
            attempts.note(f'fd00::{number:x}')
    assert attempts.are_too_many(f'fd00::{4999:x}')
    assert max(len(attempts._wrong), len(attempts._until_s)) <= 1024

"""Ids: words that topics and frames may have, never the same for two people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import re
import subprocess
import sys

from openpose_ros.tracking.identities import Names, new_id

SHOW = 'from openpose_ros.tracking.identities import new_id; print(new_id())'


def test_ids_are_three_letters_and_a_number() -> None:
    first, second = new_id(), new_id()
    assert re.fullmatch('[a-z]{3}[0-9]+', first)
    assert first[:3] == second[:3], 'the letters are of the process'


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: new_id(), range(4000)))
    assert len(set(ids)) == 4000


def test_letters_are_of_the_process() -> None:
    commands = [[sys.executable, '-c', SHOW]] * 4
    ids = [subprocess.run(c, capture_output=True, text=True, check=True).stdout for c in commands]
    assert len(set(ids)) > 1  # four processes with the same letters: once in 10^12


def test_child_of_a_fork_has_letters_of_its_own() -> None:
    script = (
        'import os\n'
        'from openpose_ros.tracking.identities import new_id\n'
        'mine = {new_id() for _ in range(9)}\n'
        'for _ in range(3):\n'
        '    if not (child := os.fork()):\n'
        '        os._exit(new_id()[:3] in {name[:3] for name in mine})\n'
        '    print(os.waitpid(child, 0)[1])\n'
    )
    run = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert '0' in run.stdout.split(), run.stderr


def test_names_of_a_seed_are_the_same_in_every_process() -> None:
    script = 'from openpose_ros.tracking import Names; print([Names(n).next() for n in range(99)])'
    run = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert run.stdout == f'{[Names(number).next() for number in range(99)]}\n'
    assert len({Names(number).next() for number in range(99)}) > 90


def test_names_of_a_seed_are_words_with_numbers_from_1() -> None:
    names = Names(7)
    first, second = names.next(), names.next()
    assert re.fullmatch('[a-z]{3}1', first)
    assert second == f'{first[:3]}2'

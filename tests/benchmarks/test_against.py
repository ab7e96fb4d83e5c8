"""The comparison with another revision parses with both trees, and sees when people differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
import subprocess

import pytest

from benchmarks import parse_on_request
from benchmarks.against import (
    REPOSITORY,
    Times,
    Tree,
    checkout,
    compare,
    main,
    table,
    timed,
    write_scenes,
)

MakeTree = Callable[..., Tree]
# A package that finds one person, of a score of its own, at the sum of the maps.
PACKAGE = """
import numpy as np
from types import SimpleNamespace
PafParams = load_skeleton = lambda *_, **__: None
def parse_pafs(heatmaps, pafs, skeleton, params):
    place = np.full((1, 1, 3), heatmaps.sum() + pafs.sum(), np.float32)
    return SimpleNamespace(keypoints=place, scores=np.float32([{score}]), overflow={overflow})
"""
needs_git = pytest.mark.skipif(
    not (REPOSITORY / '.git').exists(), reason='needs a git checkout: revisions are compared'
)


@pytest.fixture
def make_tree(tmp_path: Path) -> Iterator[MakeTree]:
    """Return a function that makes a tree with a parser of one line, and runs it."""
    (tmp_path / 'scenes').mkdir()
    with ExitStack() as stack:

        def make(name: str, *, score: float = 0.5, overflow: int = 0, cold: bool = False) -> Tree:
            package = tmp_path / name / 'openpose_ros'
            package.mkdir(parents=True)
            (package / '__init__.py').write_text(PACKAGE.format(score=score, overflow=overflow))
            (package / 'parsing.py').write_text('from openpose_ros import PafParams, parse_pafs')
            tree = Tree(tmp_path / name, tmp_path / 'scenes', tmp_path / f'{name}-c', cold=cold)
            stack.callback(tree.close)
            return tree

        yield make


def test_tree_parses_with_the_package_that_stands_in_it(
    make_tree: MakeTree, tmp_path: Path
) -> None:
    write_scenes(tmp_path / 'scenes', [1], 2, 0)
    trees = [make_tree('one'), make_tree('other', cold=True)]
    assert [tree.ask('where') for tree in trees] == [
        str(tmp_path / 'one'),
        str(tmp_path / 'other'),
    ]
    first, second = trees[0].ask('people 0'), trees[0].ask('people 1')
    assert first != second, 'both scenes gave the same people'
    assert trees[1].ask('people 0') == first
    assert all(int(tree.ask('time 1')) > 0 for tree in trees)


@pytest.mark.parametrize(
    ('changed', 'differ'),
    [
        ({}, 0),
        ({'score': 0.50000006}, 3),  # by the last bit
        ({'overflow': 1}, 3),
    ],
)
def test_compare_counts_the_scenes_whose_people_differ(
    make_tree: MakeTree,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, float],
    differ: int,
) -> None:
    kinds = write_scenes(tmp_path / 'scenes', [0, 2, 3], 1, 0)
    assert kinds == {'0': [0], '2': [1], '3': [2]}
    assert compare(make_tree('before'), make_tree('now', **changed), kinds, 2) == differ
    out = capsys.readouterr().out
    assert f'people: {differ} of 3 scenes differ' in out
    assert out.count('people differ: scene') == differ


def test_tree_that_ends_is_not_waited_for(make_tree: MakeTree) -> None:
    with pytest.raises(ChildProcessError, match='people 7'):
        make_tree('one').ask('people 7')


def test_trees_go_first_in_turn(make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is asked second may find more in the caches."""
    asked: list[str] = []

    def answer(tree: Tree, request: str) -> str:
        asked.append('before' if tree is before else 'now')
        return '7'

    before, now = make_tree('before'), make_tree('now')
    monkeypatch.setattr(Tree, 'ask', answer)
    times = timed(before, now, [0, 1], 4)
    assert asked == ['now', 'before', 'before', 'now'] * 2
    assert times == Times([7] * 4, [7] * 4)


def test_table_gives_milliseconds_and_ratios() -> None:
    times = Times([1_000_000, 3_000_000, 2_000_000], [500_000, 1_200_000, 1_000_000])
    assert table({'10': times})[2:] == ['| 10 | 2.000 | 1.000 | 0.50 | 0.50 |']


@needs_git
def test_checkout_is_there_and_then_gone(tmp_path: Path) -> None:
    with checkout('HEAD', tmp_path / 'tree') as folder:
        assert (folder / 'openpose_ros' / '__init__.py').is_file()
    listed = subprocess.run(
        ['git', '-C', REPOSITORY, 'worktree', 'list'], capture_output=True, text=True, check=True
    )
    assert not folder.exists()
    assert str(folder) not in listed.stdout


@needs_git
def test_unknown_revision_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(['no-such-revision']) == 2
    assert 'no-such-revision cannot be checked out' in capfd.readouterr().err


@needs_git
def test_revision_finds_the_same_people_as_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('NUMBA_DISABLE_JIT', '1')  # nothing to compile, twice
    flags = ['--repeats', '1', '--people', '1', '--scenes', '1', '--pictures', '0']
    assert main(['HEAD', *flags]) == 0
    out = capsys.readouterr().out
    assert f'now, in {REPOSITORY}' in out
    assert 'people: 0 of 1 scenes differ' in out


@pytest.mark.parametrize('words', [[], ['--help'], ['scenes', 'many']])
def test_parser_on_request_says_what_it_takes(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr('sys.argv', ['parse_on_request', *words])
    assert parse_on_request.main() == 2
    assert 'usage: SCENES MEGABYTES' in capsys.readouterr().err

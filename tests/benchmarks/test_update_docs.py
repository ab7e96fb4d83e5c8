"""Tables get onto their page at their marks, and nowhere else; and only when they are whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks import update_docs

SPEED = """# Title
<!-- benchmark:parser -->
| an | old |
<!-- /benchmark:parser -->
between
<!-- benchmark:pipeline -->
<!-- /benchmark:pipeline -->
end
"""
MODELS = """# Models
<!-- benchmark:accuracy -->
<!-- /benchmark:accuracy -->
<!-- benchmark:networks -->
<!-- /benchmark:networks -->
"""
README = """# It
<!-- results -->
old
<!-- /results -->
"""
NETWORKS = """ONNX Runtime 1.31.1; 40 pictures

| network | input | AP | AP50 | PCK@0.2 | ms | of the teacher's time |
|---|---|---|---|---|---|---|
| small | 256x256 | 0.118 | 0.340 | 0.33 | 10.4 | 0.23 |
| small, untrained | 256x256 | 0.000 | 0.000 |  | 10.4 | 0.23 |

People found:

| network | input | to 32 |
|---|---|---|
| small | 256x256 | 0 of 20 |
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout whose benchmarks print what their test says; by default a line each."""
    monkeypatch.setattr(update_docs, 'ROOT', tmp_path / 'checkout')
    monkeypatch.setattr(
        update_docs,
        'PAGES',
        {'speed.md': ('parser', 'pipeline'), 'models.md': ('accuracy', 'networks')},
    )
    monkeypatch.setattr(update_docs, 'BENCHMARKS', ('parser', 'pipeline', 'accuracy', 'networks'))
    monkeypatch.setenv('PYTHONIOENCODING', 'utf-8')
    root = tmp_path / 'checkout'
    (root / 'benchmarks').mkdir(parents=True)
    (tmp_path / 'shared').mkdir()
    for name in update_docs.BENCHMARKS:
        script(root, name, r'print("| new × \\1 |\n")')  # noqa: RUF001
    for name, text in (('speed.md', SPEED), ('models.md', MODELS), ('README.md', README)):
        (root / name).write_text(text, encoding='utf-8')
    return root


def script(root: Path, name: str, code: str) -> None:
    (root / f'benchmarks/{name}.py').write_text(code, encoding='utf-8')


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr('sys.argv', ['update_docs.py', *arguments])
    return update_docs.main()


def test_what_stands_between_the_marks_is_replaced() -> None:
    replaced = update_docs.replaced
    assert replaced(SPEED, 'benchmark:parser', '| new |') == SPEED.replace('an | old', 'new')
    twice = replaced(replaced(SPEED, 'benchmark:pipeline', 'a'), 'benchmark:pipeline', 'b')
    assert twice == SPEED.replace('-->\n<!-- /benchmark:pipe', '-->\nb\n<!-- /benchmark:pipe')
    assert update_docs.between(twice, 'benchmark:pipeline') == 'b\n'


@pytest.mark.parametrize(
    'text',
    [
        '',
        SPEED.replace('<!-- /benchmark:parser -->', ''),
        SPEED.replace('<!-- benchmark:parser -->', ''),
        SPEED + SPEED,
        '<!-- /benchmark:parser -->\n<!-- benchmark:parser -->\n',
    ],
)
def test_marks_that_are_not_one_pair_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match='needs one line <!-- benchmark:parser -->'):
        update_docs.replaced(text, 'benchmark:parser', 'new')


def test_a_table_is_written_with_machine_versions_and_date(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, 'parser') == 0
    text = (checkout / 'speed.md').read_text(encoding='utf-8')
    table, empty, facts = text.split('\n')[2:5]
    assert table == r'| new × \1 |'  # noqa: RUF001
    assert empty == ''
    for part in ('cores; Python 3.', 'numpy ', 'numba '):
        assert part in facts
    assert facts.endswith(f'{date.today().isoformat()}.')
    assert 'old' not in text
    assert (checkout / 'models.md').read_text(encoding='utf-8') == MODELS


def test_results_of_the_readme_come_from_the_networks(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(checkout, 'networks', f'print("""{NETWORKS}""")')
    assert run(monkeypatch) == 0
    lines = (checkout / 'README.md').read_text(encoding='utf-8').split('\n')
    assert lines[2:6] == [
        '| network | input | AP | AP50 | ms |',
        '|---|---|---|---|---|',
        '| small | 256x256 | 0.118 | 0.340 | 10.4 |',
        '',
    ]
    assert lines[6].endswith(f'{date.today().isoformat()}.')


@pytest.mark.parametrize('fails', ['raise SystemExit("no camera")', 'import nothing_of_the_sort'])
def test_a_benchmark_that_fails_leaves_its_page_and_the_others_go_on(
    fails: str,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    script(checkout, 'pipeline', fails)
    script(checkout, 'networks', f'print("""{NETWORKS}""")')
    assert run(monkeypatch) == 1
    assert (checkout / 'speed.md').read_text(encoding='utf-8') == SPEED
    assert '0.118' in (checkout / 'models.md').read_text(encoding='utf-8')
    captured = capfd.readouterr()
    assert 'no camera' in captured.err or 'nothing_of_the_sort' in captured.err
    assert 'left out of speed.md: pipeline: it failed with exit status 1\n' in captured.out
    assert '| new' in captured.out  # the parser's table, for whoever waited for it


def test_without_shared_the_page_that_needs_it_is_left(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout.parent / 'shared').rmdir()
    assert run(monkeypatch) == 0
    assert '| new' in (checkout / 'speed.md').read_text(encoding='utf-8')
    assert (checkout / 'models.md').read_text(encoding='utf-8') == MODELS
    assert (checkout / 'README.md').read_text(encoding='utf-8') == README
    lines = capsys.readouterr().out.splitlines()
    left_out = [line for line in lines if line.startswith('left out')]
    assert left_out == [
        'left out of models.md: accuracy, networks: the networks and photographs of ../shared '
        'are not here'
    ]
    assert lines[-1] == 'models.md: not changed; --incomplete writes what there is'


def test_a_table_that_lacks_something_is_written_only_if_asked(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without = 'import sys\nprint("networks.py: left out: PCK", file=sys.stderr)\n'
    script(checkout, 'networks', f'{without}print("""{NETWORKS}""")')
    assert run(monkeypatch, 'networks') == 0
    assert (checkout / 'models.md').read_text(encoding='utf-8') == MODELS
    captured = capsys.readouterr()
    assert 'left out of models.md: networks: PCK\n' in captured.out
    assert captured.err == 'networks.py: left out: PCK\n'
    assert run(monkeypatch, 'networks', '--incomplete') == 0
    assert '0.118' in (checkout / 'models.md').read_text(encoding='utf-8')


def test_an_unknown_benchmark_is_wrong_usage(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match='2'):
        run(monkeypatch, 'speed')
    assert "no benchmark 'speed'; there are parser, pipeline" in capsys.readouterr().err


def test_pages_have_a_place_for_every_benchmark() -> None:
    for page, names in update_docs.PAGES.items():
        text = (update_docs.ROOT / page).read_text(encoding='utf-8')
        for name in names:
            assert (update_docs.ROOT / f'benchmarks/{name}.py').is_file()
            update_docs.replaced(text, f'benchmark:{name}', 'new')


def test_results_of_the_readme_are_those_of_the_models_page() -> None:
    page, readme = (
        (update_docs.ROOT / name).read_text(encoding='utf-8')
        for name in ('docs/models.md', 'README.md')
    )
    shown = update_docs.between(readme, 'results')
    assert shown == f'{update_docs.results(page)}\n'
    assert '| openpose-ros-small | 256x256 |' in shown

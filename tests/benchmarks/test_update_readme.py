"""Tables get into the README at their marks, and nowhere else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks import update_readme

TEXT = """# Title
<!-- benchmark:parser -->
| an | old |
<!-- /benchmark:parser -->
between
<!-- benchmark:pipeline -->
<!-- /benchmark:pipeline -->
end
"""


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a README of a checkout whose benchmarks print one line each."""
    monkeypatch.setattr(update_readme, 'FOLDER', tmp_path / 'benchmarks')
    (tmp_path / 'benchmarks').mkdir()
    prints = r'print("| new × \\1 |\n")'  # noqa: RUF001
    (tmp_path / 'benchmarks/parser.py').write_text(prints, encoding='utf-8')
    (tmp_path / 'benchmarks/pipeline.py').write_text('raise SystemExit("no camera")')
    path = tmp_path / 'README.md'
    path.write_text(TEXT, encoding='utf-8')
    return path


def run(monkeypatch: pytest.MonkeyPatch, *names: str) -> int:
    monkeypatch.setenv('PYTHONIOENCODING', 'utf-8')
    monkeypatch.setattr('sys.argv', ['update_readme.py', *names])
    return update_readme.main()


def test_what_stands_between_the_marks_is_replaced() -> None:
    assert update_readme.replaced(TEXT, 'parser', '| new |') == TEXT.replace('an | old', 'new')
    twice = update_readme.replaced(update_readme.replaced(TEXT, 'pipeline', 'a'), 'pipeline', 'b')
    assert twice == TEXT.replace('-->\n<!-- /benchmark:pipe', '-->\nb\n<!-- /benchmark:pipe')


@pytest.mark.parametrize(
    'text',
    [
        '',
        TEXT.replace('<!-- /benchmark:parser -->', ''),
        TEXT.replace('<!-- benchmark:parser -->', ''),
        TEXT + TEXT,
        '<!-- /benchmark:parser -->\n<!-- benchmark:parser -->\n',
    ],
)
def test_marks_that_are_not_one_pair_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match='needs one line <!-- benchmark:parser -->'):
        update_readme.replaced(text, 'parser', 'new')


def test_a_table_is_written_with_machine_versions_and_date(
    readme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, 'parser') == 0
    table, empty, facts = readme.read_text(encoding='utf-8').split('\n')[2:5]
    assert table == r'| new × \1 |'  # noqa: RUF001
    assert empty == ''
    for part in ('cores; Python 3.', 'numpy ', 'numba '):
        assert part in facts
    assert facts.endswith(f'{date.today().isoformat()}.')
    assert 'old' not in readme.read_text(encoding='utf-8')


def test_a_benchmark_that_fails_leaves_the_readme(
    readme: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, 'pipeline') == 1
    assert readme.read_text(encoding='utf-8') == TEXT
    assert 'no camera' in capfd.readouterr().err


def test_an_unknown_benchmark_is_wrong_usage(
    readme: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match='2'):
        run(monkeypatch, 'speed')
    assert "no benchmark 'speed'; there are parser, pipeline" in capsys.readouterr().err


def test_the_readme_has_a_place_for_every_benchmark() -> None:
    folder = Path(update_readme.__file__).parent
    text = (folder.parent / 'README.md').read_text(encoding='utf-8')
    for name in update_readme.BENCHMARKS:
        assert (folder / f'{name}.py').is_file()
        update_readme.replaced(text, name, 'new')

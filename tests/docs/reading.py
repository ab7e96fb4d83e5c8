"""What stands in the documentation: its links, headings, code and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import re
import shlex

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for pattern in ('*.md', 'docs/**/*.md', 'training/*.md')
    for path in sorted(ROOT.glob(pattern))
)
_FENCED = re.compile(
    r'^( {0,3})(```+|~~~+)(.*?)\n(.*?)^ {0,3}\2[`~]* *$', re.DOTALL | re.MULTILINE
)
_INDENTED = re.compile(r'(?<=\n\n)(?:^(?: {4}|\t).*(?:\n|\Z))+', re.MULTILINE)
_SPAN = re.compile(r'(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)', re.DOTALL)
_LINK = re.compile(r'\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)')
_REFERENCE = re.compile(r'^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$', re.MULTILINE)
_ATTRIBUTE = re.compile(r'<[^>]+?\s(?:href|src)="([^"]+)"')
_HEADING = re.compile(r'^ {0,3}#{1,6}\s+(.+?)(?:\s+#+)?\s*$', re.MULTILINE)
_OPERATORS = frozenset('&|;()<>')
SHELLS = ('sh', 'bash', 'console')


def read(page: str) -> str:
    """Return the text of one of PAGES."""
    return (ROOT / page).read_text(encoding='utf-8')


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of code in one of these languages ('' for none)."""
    return [found[4] for found in _FENCED.finditer(text) if found[3].strip() in languages]


def shell_blocks(text: str) -> list[str]:
    """Return what is to be typed: blocks of a shell, and those that are indented."""
    return blocks(text, *SHELLS) + _INDENTED.findall(_FENCED.sub('', text))


def spans(text: str) -> list[str]:
    """Return the code spans outside of blocks, each as one line."""
    return [' '.join(found[2].split()) for found in _SPAN.finditer(_without_blocks(text))]


def links(text: str) -> list[str]:
    """Return where links and pictures lead, code left out."""
    prose = _SPAN.sub('', _without_blocks(text))
    return [
        *_LINK.findall(prose),
        *_REFERENCE.findall(prose),
        *_ATTRIBUTE.findall(prose),
    ]


def anchors(text: str) -> set[str]:
    """
    Return the anchors that GitHub makes of the headings.

    Lower case; letters, digits, `_`, `-` and blanks are kept; blanks become `-`; the second of
    the same name gets `-1`, and so on. Links count by their text, code by its content.
    """
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in _HEADING.findall(_without_blocks(text)):
        words = re.sub(r'!?\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '')
        words = re.sub(r'(\*\*|\*|(?<!\w)__?|__?(?!\w))', '', words)
        name = re.sub(r'[^\w\- ]', '', words.strip().lower()).replace(' ', '-')
        found.add(f'{name}-{seen[name]}' if seen[name] else name)
        seen[name] += 1
    return found | set(re.findall(r'<a (?:name|id)="([^"]+)"', text))


def titles(text: str) -> list[str]:
    """Return the headings of the first level."""
    return re.findall(r'^ {0,3}# +(.+)$', _without_blocks(text), re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """Return what stands below each heading `## …`, and below '' what stands before the first."""
    parts = re.split(r'^## +(.+?) *$', text, flags=re.MULTILINE)
    return {'': parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command of a block, without comments and settings before it."""
    for line in block.replace('\\\n', ' ').splitlines():
        lexer = shlex.shlex(line.strip().removeprefix('$ '), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ';']:
            if set(word) <= _OPERATORS:
                if command:
                    yield command
                command = []
            elif command or not re.fullmatch(r'\w+=.*|sudo|exec', word, re.DOTALL):
                command.append(word)


def _without_blocks(text: str) -> str:
    return _INDENTED.sub('\n', _FENCED.sub('', text))

"""Every relative link of the documentation leads to a file that is there, and a heading in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.reading import PAGES, ROOT, anchors, links, read


def broken_links(text: str, page: Path) -> list[str]:
    """Return the links of a page at that place that lead nowhere, each with what is wrong."""
    found = []
    for link in links(text):
        if '://' in link or link.startswith('mailto:'):
            continue
        name, _, anchor = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        if not target.is_relative_to(ROOT):
            found.append(f'{link}: leaves the repository')
        elif name and not target.exists():
            found.append(f'{link}: no such file')
        elif anchor and target.suffix != '.md':
            found.append(f'{link}: {target.name} has no headings')
        elif anchor:
            there = text if target == page else target.read_text(encoding='utf-8')
            if anchor not in anchors(there):
                found.append(f'{link}: no such heading; there are {sorted(anchors(there))}')
    return found


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert broken_links(read(page), ROOT / page) == []


@pytest.mark.parametrize(
    ('text', 'wrong'),
    [
        ('[a](parameters.md) [b](https://example.org/gone.md) [c](#here)\n\n# Here\n', ''),
        ('[a](parameters.md#how-maps-become-people) [b](photos)', ''),
        ('[a](parametres.md)', 'no such file'),
        ('![a](people.png)', 'no such file'),
        ('[a](parameters.md#what-the-node-had-besides)', 'no such heading'),
        ('[a](#here)\n\n```sh\n# Here\n```\n', 'no such heading'),
        ('[a](#Here)\n\n# Here\n', 'no such heading'),
        ('[a](people.jpg#here)', 'has no headings'),
        ('[a](../../shared/README.md)', 'leaves the repository'),
        ('<img src="people.png">', 'no such file'),
    ],
)
def test_what_leads_nowhere_is_found(text: str, wrong: str) -> None:
    found = broken_links(text, ROOT / 'docs/page.md')
    assert len(found) == (1 if wrong else 0)
    assert all(wrong in line for line in found)


def test_every_page_can_be_reached() -> None:
    """From the README, over as many pages as it takes."""
    reached, new = {ROOT / 'README.md'}, [ROOT / 'README.md']
    while new:
        page = new.pop()
        for link in links(page.read_text(encoding='utf-8')):
            target = (page.parent / link.partition('#')[0]).resolve()
            if target.suffix == '.md' and target.is_file() and target not in reached:
                reached.add(target)
                new.append(target)
    assert {ROOT / page for page in PAGES} <= reached

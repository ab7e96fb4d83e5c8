"""What the tests of the documentation look at is all that is there."""

from __future__ import annotations

import pytest

from tests.docs.reading import (
    PAGES,
    ROOT,
    anchors,
    blocks,
    commands,
    links,
    read,
    sections,
    shell_blocks,
    spans,
    titles,
)

TEXT = """# A title: `code`, [a link](there.md) & more
See [one](docs/one.md#part), ![two](two.jpg "a title") and `[no](link.md)`.

## Part
```sh
# Not a heading
openpose-ros demo photo.jpg   # [no](link.md)
```
## Part

    make test

```python
print('`no span`')
```
A ``span ` of two``, and `one that
goes on`. <img src="three.png" alt="three">

## snake_case and *stress*
[ref]: four.md
"""


def test_pages_are_all_there() -> None:
    assert {'README.md', 'CHANGELOG.md', 'docs/parameters.md', 'training/README.md'} <= set(PAGES)


def test_links_are_found_outside_of_code() -> None:
    assert links(TEXT) == [
        'there.md',
        'docs/one.md#part',
        'two.jpg',
        'four.md',
        'three.png',
    ]


def test_anchors_are_githubs() -> None:
    assert anchors(TEXT) == {
        'a-title-code-a-link--more',
        'part',
        'part-1',
        'snake_case-and-stress',
    }


def test_code_is_found() -> None:
    assert blocks(TEXT, 'python') == ["print('`no span`')\n"]
    assert [block.split('\n')[0] for block in shell_blocks(TEXT)] == [
        '# Not a heading',
        '    make test',
    ]
    assert spans(TEXT) == ['code', '[no](link.md)', 'span ` of two', 'one that goes on']


def test_sections_are_split_at_their_headings() -> None:
    assert list(sections('intro\n## One\na\n### Deeper\nb\n## Two\nc')) == ['', 'One', 'Two']
    assert sections('## One\na\n### Deeper\nb')['One'] == '\na\n### Deeper\nb'


@pytest.mark.parametrize(
    ('block', 'found'),
    [
        ('openpose-ros doctor  # comment', [['openpose-ros', 'doctor']]),
        (
            "cd ~/ws && pip install '.[openvino]'",
            [['cd', '~/ws'], ['pip', 'install', '.[openvino]']],
        ),
        ('A=1 B="2 3" make test', [['make', 'test']]),
        ('sudo sysctl -w a=1; make lint', [['sysctl', '-w', 'a=1'], ['make', 'lint']]),
        ('make \\\n  test', [['make', 'test']]),
        (
            'openpose-ros camera rtsp://a/b | head',
            [['openpose-ros', 'camera', 'rtsp://a/b'], ['head']],
        ),
        (
            "ros2 service call /a/b '{data: false}'",
            [['ros2', 'service', 'call', '/a/b', '{data: false}']],
        ),
        ('# nothing\n\n', []),
    ],
)
def test_commands_are_taken_apart(block: str, found: list[list[str]]) -> None:
    assert list(commands(block)) == found


@pytest.mark.parametrize('page', PAGES)
def test_page_has_one_title(page: str) -> None:
    assert len(titles(read(page))) == 1


def test_readme_is_read_in_three_minutes() -> None:
    assert len(read('README.md').splitlines()) <= 200
    [picture] = [link for link in links(read('README.md')) if link.endswith(('.jpg', '.gif'))]
    assert (ROOT / picture).stat().st_size <= 1_500_000


def test_only_headings_are_titles() -> None:
    assert titles(TEXT) == ['A title: `code`, [a link](there.md) & more']

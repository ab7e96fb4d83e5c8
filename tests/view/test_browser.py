"""The page in a real browser: Debian's chromium, without a head, driven by playwright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import re
import shutil
import threading
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.cli.demo import PHOTO
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io import find_sources
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.view.desk import Desk
from tests.view.serving import PATIENCE_S, TOKEN, Served, desk, serve

playwright = pytest.importorskip('playwright.sync_api', reason='needs playwright')
expect = playwright.expect

CHROMIUM = os.environ.get('OPENPOSE_ROS_CHROMIUM') or shutil.which('chromium') or ''
AXE = os.environ.get('OPENPOSE_ROS_AXE', '')  # axe.min.js, of npm's axe-core
DESKTOP, PHONE = {'width': 1360, 'height': 900}, {'width': 390, 'height': 844}
HOSTILE = '<img src=x onerror=alert(1)>.jpg'
if not CHROMIUM:
    pytest.skip(
        'needs chromium: apt install chromium, or OPENPOSE_ROS_CHROMIUM', allow_module_level=True
    )


@pytest.fixture(scope='module')
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        flags = ['--no-sandbox'] if os.geteuid() == 0 else []
        found = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield found
        found.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page; in the end, none may have said that it failed."""
    complaints: list[str] = []
    contexts = []

    def note(message: Any) -> None:
        refused = 'status of 422' in message.text  # a picture; chromium counts that as an error
        if message.type in ('error', 'warning') and not refused:
            complaints.append(message.text)

    def open_page(served: Served, *, token: str = TOKEN, **options: Any) -> Any:
        context = browser.new_context(**{'viewport': DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on('console', note)
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on('dialog', lambda dialog: complaints.append(f'a dialog: {dialog.message}'))
        page.goto(f'{served.origin}/#{token}')
        return page

    expect.set_options(timeout=1000 * PATIENCE_S)
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def picture(make_picture: Callable[..., Path]) -> Iterator[Served]:
    with desk([make_picture(size=(640, 480))]) as served:
        yield served


@pytest.fixture
def video(tmp_path: Path) -> Iterator[Served]:
    path = tmp_path / 'slow.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 0.5, (320, 240))
    for number in range(40):
        writer.write(np.full((240, 320, 3), 5 * number, np.uint8))
    writer.release()
    with desk([path]) as served:
        yield served


def slide(page: Any, name: str, value: float) -> None:
    """Move a slider, as a hand does."""
    page.locator(f'#set-{name}').evaluate(
        'async (slider, value) => { slider.value = value;'
        " slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        str(value),
    )


def drawn(page: Any) -> str:
    """Return what is on the canvas."""
    return str(page.locator('#picture').evaluate('canvas => canvas.toDataURL()'))


def until_drawn_otherwise(page: Any, before: str) -> str:
    for _ in range(600):
        now = drawn(page)
        if now != before:
            return now
        page.wait_for_timeout(50)
    raise AssertionError('the picture did not change')


def test_people_of_the_photograph_are_shown(visit: Callable[..., Any]) -> None:
    """With the network of the package."""
    with real_desk(PHOTO) as served:
        page = visit(served)
        expect(page.locator('#count')).to_have_text('3')
        expect(page.locator('#people tbody tr')).to_have_count(3)
        expect(page.locator('#picture')).to_have_attribute('aria-label', f'{PHOTO}: 3 people')
        page.locator('#people summary').first.click()
        expect(page.locator('#people li').first).to_contain_text('nose 0.')
        stages = page.locator('#times tbody tr td:first-child')
        expect(stages).to_have_text(['preprocess', 'infer', 'parse'])
        slide(page, 'min_score', 1.0)
        expect(page.locator('#count')).to_have_text('0')
        page.context.close()  # before its server ends


@contextmanager
def real_desk(*paths: Path) -> Iterator[Served]:
    over = threading.Event()
    sources = [source for path in paths for source in find_sources(str(path))]
    with PoseEstimator() as estimator:
        host = Desk(estimator, sources, max_pixels=MAX_IMAGE_PIXELS)
        with serve(host) as served:
            walking = threading.Thread(target=host.run, args=(served.server, over.is_set))
            walking.start()
            try:
                yield served
            finally:
                over.set()
                walking.join(PATIENCE_S)


def test_a_slider_changes_the_skeletons_and_shows_the_default(
    picture: Served, visit: Callable[..., Any]
) -> None:
    page = visit(picture)
    expect(page.locator('#count')).to_have_text('3')
    before = drawn(page)
    slide(page, 'max_people', 2)
    expect(page.locator('#count')).to_have_text('2')
    until_drawn_otherwise(page, before)
    field = page.get_by_label('max_people, as a number')
    expect(field).to_have_value('2')
    page.get_by_text('default 0', exact=True).click()
    expect(page.locator('#count')).to_have_text('3')
    expect(field).to_have_value('0')
    expect(page.get_by_text('default 0', exact=True)).to_be_hidden()


def test_the_last_of_many_values_always_counts(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    expect(page.locator('#count')).to_have_text('3')
    page.locator('#set-max_people').evaluate(
        """async slider => {
          for (let value = 1; value <= 41; value += 1) {
            slider.value = value % 40 + 1;
            slider.dispatchEvent(new Event('input', {bubbles: true}));
            await new Promise(done => setTimeout(done, 5));
          }
        }"""
    )
    expect(page.locator('#count')).to_have_text('2')
    assert picture.host.params().max_people == 2


def test_beyond_the_slider_a_value_is_typed_and_a_refused_one_has_its_line(
    picture: Served, visit: Callable[..., Any]
) -> None:
    page = visit(picture)
    field = page.get_by_label('nms_window, as a number')
    field.fill('21')
    field.press('Enter')
    expect(page.get_by_text('default 5', exact=True)).to_be_visible()
    expect(page.locator('#connection')).to_have_text('connected')
    field.fill('4')
    field.press('Enter')
    line = page.locator('.refusal', has_text='nms_window is 4, but must be odd')
    expect(line).to_be_visible()
    expect(field).to_have_value('21')
    assert picture.host.params().nms_window == 21


def test_every_layer_is_drawn(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    expect(page.locator('#count')).to_have_text('3')
    now = drawn(page)
    page.select_option('#layer-heatmap', label='nose')
    now = until_drawn_otherwise(page, now)
    page.select_option('#layer-paf', index=2)
    now = until_drawn_otherwise(page, now)
    for key in 'spr':
        page.keyboard.press(key)
        now = until_drawn_otherwise(page, now)
    expect(page.locator('#refused')).to_contain_text('pairs of peaks are no limbs')
    expect(page.locator('#reasons li').first).to_be_visible()


def test_a_joint_says_its_name_and_score(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    page.locator('#people summary').first.click()
    told = page.locator('#people li').first.inner_text()
    score, x, y = map(float, re.fullmatch(r'nose (.*) \((.*), (.*)\)', told).groups())
    page.locator('#picture').scroll_into_view_if_needed()
    box = page.locator('#picture').bounding_box()
    fit = min(box['width'] / 640, box['height'] / 480)
    left = box['x'] + (box['width'] - 640 * fit) / 2
    top = box['y'] + (box['height'] - 480 * fit) / 2
    page.mouse.move(left + (x + 0.5) * fit, top + (y + 0.5) * fit)
    expect(page.locator('#hover')).to_have_text(f'0: nose {score:.2f}')


def test_a_video_is_paused_stepped_and_sought_in(video: Served, visit: Callable[..., Any]) -> None:
    page = visit(video)
    frame = page.locator('#frame')
    expect(frame).not_to_be_empty()
    page.keyboard.press(' ')
    expect(page.locator('#pause')).to_have_text('Play')
    page.locator('#timeline').evaluate(
        "line => { line.value = 17; line.dispatchEvent(new Event('input'));"
        " line.dispatchEvent(new Event('change')); }"
    )
    expect(frame).to_have_text('17 of 40')
    page.keyboard.press('ArrowRight')
    expect(frame).to_have_text('18 of 40')
    page.keyboard.press('ArrowLeft')
    expect(frame).to_have_text('17 of 40')
    page.locator('#forward').click()
    expect(frame).to_have_text('18 of 40')
    page.locator('#pause').click()
    expect(page.locator('#pause')).to_have_text('Pause')
    expect(frame).not_to_have_text('18 of 40')


def test_everything_is_reached_by_keyboard(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    expect(page.locator('#count')).to_have_text('3')
    wanted = {'bring', 'layer-skeletons', 'layer-heatmap', 'set-nms_window', 'copy-yaml'}
    seen = set()
    for _ in range(80):
        page.keyboard.press('Tab')
        seen.add(page.evaluate('document.activeElement.id'))
    assert wanted <= seen
    page.locator('#set-max_people').focus()
    page.keyboard.press('ArrowRight')
    expect(page.locator('#count')).to_have_text('1')


def test_two_browsers_see_the_same(picture: Served, visit: Callable[..., Any]) -> None:
    one, other = visit(picture), visit(picture, viewport=PHONE)
    expect(other.locator('#count')).to_have_text('3')
    slide(one, 'max_people', 2)
    expect(other.locator('#count')).to_have_text('2')
    expect(other.get_by_label('max_people, as a number')).to_have_value('2')


def test_names_are_text_whatever_they_say(
    make_picture: Callable[..., Path], tmp_path: Path, visit: Callable[..., Any]
) -> None:
    path = make_picture('x.jpg')
    hostile = path.rename(path.with_name(HOSTILE))
    with desk([hostile]) as served:
        page = visit(served)
        expect(page.locator('#source')).to_contain_text(HOSTILE)
        assert page.locator('img').count() == 0
        body = hostile.read_bytes()
        page.set_input_files(
            '#file', {'name': f'2{HOSTILE}', 'mimeType': 'image/jpeg', 'buffer': body}
        )
        expect(page.locator('#source')).to_contain_text(f'2{HOSTILE}')
        page.set_input_files(
            '#file', {'name': HOSTILE, 'mimeType': 'image/jpeg', 'buffer': b'<script>'}
        )
        expect(page.locator('#line')).to_contain_text(f'{HOSTILE} is damaged or no picture')
        assert page.locator('img').count() == 0
        page.context.close()  # before its server ends


def test_a_picture_is_dropped_onto_the_page(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    expect(page.locator('#count')).to_have_text('3')
    body = cv2.imencode('.png', np.full((90, 120, 3), 60, np.uint8))[1].tobytes()
    page.evaluate(
        """async bytes => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(bytes)], 'dropped.png', {type: 'image/png'}));
          document.body.dispatchEvent(
            new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}));
        }""",
        list(body),
    )
    expect(page.locator('#source')).to_have_text('dropped.png (2 of 2)')
    page.keyboard.press('PageUp')
    expect(page.locator('#source')).to_contain_text('photo.png (1 of 2)')


def test_the_token_is_asked_for(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture, token='not-the-right-one')
    expect(page.locator('#ask')).to_be_visible()
    expect(page.locator('#connection')).to_have_text('the token is wrong')
    expect(page.locator('#count')).to_have_text('\N{EN DASH}')
    page.fill('#ask-token', TOKEN)
    page.keyboard.press('Enter')
    expect(page.locator('#count')).to_have_text('3')
    expect(page.locator('#ask')).to_be_hidden()


def test_what_is_copied_is_shown(picture: Served, visit: Callable[..., Any]) -> None:
    page = visit(picture)
    slide(page, 'max_people', 2)
    expect(page.locator('#count')).to_have_text('2')
    page.click('#copy-yaml')
    text = page.locator('#copied-text')
    expect(text).to_be_visible()
    assert 'max_people: 2' in text.input_value()
    page.click('#copy-command')
    expect(page.locator('#copied-title')).to_contain_text('command line')
    assert text.input_value().endswith('--max-people 2')


def test_a_page_that_lost_its_server_says_so(
    make_picture: Callable[..., Path], browser: Any
) -> None:
    with desk([make_picture()]) as served:
        page = browser.new_context().new_page()
        page.goto(f'{served.origin}/#{TOKEN}')
        expect(page.locator('#connection')).to_have_text('connected', timeout=1000 * PATIENCE_S)
    expect(page.locator('#connection')).to_contain_text('not connected', timeout=1000 * PATIENCE_S)
    page.context.close()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_nothing_runs_out_of_the_screen(
    picture: Served, visit: Callable[..., Any], viewport: dict[str, int], scheme: str
) -> None:
    page = visit(picture, viewport=viewport, color_scheme=scheme)
    expect(page.locator('#count')).to_have_text('3')
    assert page.evaluate('document.documentElement.scrollWidth') <= viewport['width']
    ground = page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert (ground == 'rgb(20, 23, 28)') == (scheme == 'dark')
    page.locator('#set-max_people').scroll_into_view_if_needed()
    expect(page.locator('#picture')).to_be_in_viewport()  # while thresholds are turned


@pytest.mark.skipif(not AXE, reason='needs OPENPOSE_ROS_AXE, axe.min.js of npm install axe-core')
@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_axe_finds_nothing_serious(
    video: Served, visit: Callable[..., Any], viewport: dict[str, int], scheme: str
) -> None:
    page = visit(video, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    expect(page.locator('#count')).to_have_text('3')
    page.keyboard.press('r')
    expect(page.locator('#reasons li').first).to_be_visible()
    slide(page, 'max_people', 2)
    page.click('#copy-yaml')
    expect(page.locator('#copied')).to_be_visible()
    page.add_script_tag(path=AXE)
    found = page.evaluate('axe.run()')
    serious = [
        (one['id'], one['impact'], [node['target'] for node in one['nodes']])
        for one in found['violations']
        if one['impact'] in ('serious', 'critical')
    ]
    assert serious == []
    assert len(found['passes']) > 10

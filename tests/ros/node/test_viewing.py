"""The page of a node: what it shows, and what may be changed on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import socket
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.errors import OpenPoseError, ParameterError
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.view.tokens import VARIABLE
from tests.ros.fakes import TYPES, FakeTransport, header
from tests.ros.scenes import Scene, wait_until
from tests.view.serving import TOKEN, Served


def picture(size: tuple[int, int] = (320, 240), stamp_ns: int = 5_000_000_007) -> Any:
    frame = np.full((size[1], size[0], 3), 128, np.uint8)
    return image_message(TYPES, frame, header(stamp_ns))


class Watched(Served):
    """A node whose page is served."""

    def __init__(self, **params: Any) -> None:
        self.transport = FakeTransport()
        self.scene = Scene()
        params = {'view': '127.0.0.1:0', **params}
        self.node = PoseNode(self.transport, NodeParams(**params), self.scene.open)
        self.node.configure()
        self.node.activate()
        view = self.node._view
        assert view._server is not None
        super().__init__(view._server, view)

    def show(self, place: int = 0, message: Any = None) -> None:
        """Hand an image to a camera and wait until it is done with it."""
        camera = self.node.cameras[place]
        before = sum(camera.counts().outcomes.values())
        camera.on_image(picture() if message is None else message)
        wait_until(lambda: sum(camera.counts().outcomes.values()) > before)


@contextmanager
def watched(**params: Any) -> Iterator[Watched]:
    page = Watched(**params)
    try:
        yield page
    finally:
        page.node.shutdown()


@pytest.fixture(autouse=True)
def own_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


def test_images_are_shown_with_people_as_they_are_published() -> None:
    with watched(tracking=True) as page, page.viewer() as viewer:
        for number in range(4):
            page.show(message=picture(stamp_ns=5_000_000_007 + number * 100_000_000))
        frame = viewer.wait('frame', lambda facts: facts['age_s'] == 0.7)  # the last
        last = page.transport.of('persons')[-1]
        assert [person['id'] for person in frame['people']] == [one.id for one in last.persons]
        assert frame['people'][0]['keypoints'][0][0] == pytest.approx(
            last.persons[0].keypoints[0].x, abs=0.01
        )
        assert frame['size'] == [320, 240]
        assert frame['name'] == '/camera/image'
        assert all(person['id'] for person in frame['people'])
        assert list(frame['times_ms']) == ['decode', 'preprocess', 'infer', 'parse', 'place']
        assert viewer.facts[0]['mode'] == 'node'
        status = viewer.wait('status')
        assert status['can'] == []


def test_a_camera_on_its_side_is_shown_upright() -> None:
    with watched(rotate=90) as page, page.viewer() as viewer:
        page.show()
        frame = viewer.wait('frame')
        assert frame['size'] == [240, 320]
        published = page.transport.of('persons')[-1].persons[0].keypoints[0]
        x, y, _ = frame['people'][0]['keypoints'][0]
        assert (x, y) == pytest.approx((240 - 1 - published.y, published.x), abs=0.01)


def test_parameters_are_the_nodes_own() -> None:
    with watched() as page, page.viewer() as viewer:
        viewer.send(set={'max_people': 1, 'peak_threshold': 0.1})
        viewer.wait('done')
        assert (page.node.params.max_people, page.node.params.peak_threshold) == (1, 0.1)
        page.show()
        assert len(viewer.wait('frame')['people']) == 1
        page.node.set_parameters({'max_people': 0})  # by another client
        page.show()
        viewer.wait('status', lambda facts: facts['values']['max_people'] == 0)


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        ({'peak_threshold': 2}, 'peak_threshold is 2'),
        ({'peak_threshold': 0.1, 'paf_min_count': 60}, 'more than paf_samples'),
        ({'enabled': False}, 'cannot be set from the page'),
        ({'model': 'x'}, 'cannot be set from the page'),
        ({'view': ''}, 'cannot be set from the page'),
        ({'score_threshold': 0.1}, 'cannot be set from the page'),  # of another decoder
        ({'overrides': 'x'}, 'cannot be set from the page'),
    ],
)
def test_what_is_refused_changes_nothing(values: dict[str, Any], said: str) -> None:
    with watched() as page, page.viewer() as viewer:
        before = page.node.params
        viewer.send(set=values)
        assert said in viewer.wait('refused')['text']
        assert page.node.params == before


def test_pages_copy_what_a_node_takes() -> None:
    with watched() as page, page.viewer() as viewer:
        viewer.send(set={'peak_threshold': 0.2})
        viewer.wait('done')
        viewer.send(copy='command')
        assert viewer.wait('copy')['text'] == 'openpose-ros node -p peak_threshold:=0.2'


def test_layers_are_of_the_image_that_is_shown() -> None:
    with watched() as page, page.viewer() as viewer:
        viewer.send(layers={'heatmap': 0, 'paf': -1, 'peaks': True, 'refused': False})
        wait_until(lambda: page.server.needs_maps)
        page.show()
        frame = viewer.wait('frame')
        assert len([peak for peak in frame['layers']['peaks'] if peak[0] == 0]) == 2


def test_a_node_is_neither_paused_nor_sought_in_and_takes_no_pictures() -> None:
    with watched() as page, page.viewer() as viewer:
        for action in ('pause', 'seek', 'step'):
            viewer.send(**{action: 1})
            assert f'no {action}' in viewer.wait('refused')['text']
        body = cv2.imencode('.png', np.zeros((9, 9, 3), np.uint8))[1].tobytes()
        assert page.bring(body).status == 403


def test_one_of_several_cameras_is_looked_at() -> None:
    with watched(cameras=['left', 'right']) as page, page.viewer() as viewer:
        page.show(1)
        page.show(0)
        first = viewer.wait('frame')
        viewer.send(go=1)
        status = viewer.wait('status', lambda facts: facts['place'] == 1)
        assert (status['places'], 'go' in status['can']) == (2, True)
        page.show(0)
        page.show(1)
        second = viewer.wait('frame')
        assert second['number'] == first['number'] + 1
        assert first['name'] != second['name']
        viewer.send(go=2)
        assert 'no camera 2' in viewer.wait('refused')['text']


def test_who_looks_is_somebody_who_listens() -> None:
    with watched(lazy=True) as page:
        page.node.cameras[0].on_image(picture())
        assert page.node.cameras[0].counts().refused == {'nobody subscribes': 1}
        with page.viewer() as viewer:
            page.show()
            assert len(viewer.wait('frame')['people']) == 2


def test_what_fails_on_the_page_is_no_fault_of_the_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with watched() as page, page.viewer():

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError('broken')

        monkeypatch.setattr(page.server, 'show', fail)
        page.show()
        assert page.node.cameras[0].counts().outcomes == {'processed': 1}
        (line,) = page.transport.said('warning')
        assert line == 'an image cannot be shown on the page: RuntimeError: broken'


def test_nobody_who_looks_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with watched() as page:
        monkeypatch.setattr(page.server, 'show', pytest.fail)
        page.show()
        assert page.transport.said('warning') == []


def test_the_token_is_told_to_the_terminal_and_not_to_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE)
    with watched() as page:
        port = page.port
        fragment = page.server.options.token.fragment
        assert f'view: http://127.0.0.1:{port}/{fragment}\n' in capsys.readouterr().err
        assert len(fragment) > 20
        assert fragment[1:] not in str(page.transport.lines)
        assert f'the page in the browser is served on 127.0.0.1:{port}' in str(
            page.transport.lines
        )


def test_another_address_than_loopback_is_warned_of() -> None:
    with watched(view='0.0.0.0:0') as page:
        (line,) = page.transport.said('warning')
        assert 'not encrypted' in line
        assert 'ssh -L' in line


def test_a_page_that_cannot_be_served_fails_configure_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        for view, said in [
            ('nowhere', "view is 'nowhere', but must be HOST:PORT"),
            (f'127.0.0.1:{taken.getsockname()[1]}', 'cannot serve the page on'),
        ]:
            node = PoseNode(FakeTransport(), NodeParams(view=view), Scene().open)
            with pytest.raises(OpenPoseError, match=said):
                node.configure()
            assert node.state == 'unconfigured'
    monkeypatch.setattr('openpose_ros.ros.node.viewing.find_spec', lambda name: None)
    node = PoseNode(FakeTransport(), NodeParams(view='127.0.0.1:0'), Scene().open)
    with pytest.raises(OpenPoseError, match='needs aiohttp'):
        node.configure()


def test_cleanup_ends_the_page_and_configure_serves_it_again() -> None:
    with watched() as page:
        with page.viewer() as viewer:
            page.node.cleanup()
            while viewer.receive()['kind'] != 'closed':
                pass
        with pytest.raises(ConnectionRefusedError):
            page.request()
        with pytest.raises(ParameterError, match='being loaded'):
            page.host.set_parameters({'max_people': 1})
        page.node.configure()
        page.server = page.node._view._server
        assert page.request().status == 200

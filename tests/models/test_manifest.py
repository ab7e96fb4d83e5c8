"""Manifests: the package's own, and the messages about everybody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import ScoreCalibration
from openpose_ros.models.finding import _DATA, known_models
from openpose_ros.models.manifest import fields_of_metadata, make_spec, read_json
from openpose_ros.models.spec import InputSpec, OutputSpec, PublishedFile
from tests.models.known import RAW_BGR

MINIMAL = {
    'name': 'mine',
    'file': 'mine.onnx',
    'sha256': 'AB' * 32,
    'skeleton': 'coco_18',
    'input': RAW_BGR,
}


def test_a_minimal_manifest_has_defaults(tmp_path):
    spec = make_spec(MINIMAL, 'here', tmp_path)
    assert spec.path is None
    assert spec.sha256 == 'ab' * 32
    assert spec.skeleton.name == 'coco_18'
    assert (spec.decoder, spec.stride, spec.net_resolution) == ('paf', 8, (-1, 368))
    assert (spec.limb_order, spec.score_calibration) == ('field', None)
    assert spec.outputs == OutputSpec()
    assert spec.input == InputSpec(colour='BGR', mean=(0, 0, 0), scale=(1, 1, 1))


def test_every_field_is_read(tmp_path):
    inputs = {
        'name': 'image',
        'layout': 'NHWC',
        'colour': 'RGB',
        'mean': [1, 2, 3.5],
        'scale': [0.5, 0.25, 1],
        'pad': 7,
        'multiple': 16,
        'offset': 1,
        'fixed_size': [433, 369],
    }
    outputs = {'joined': 'maps', 'order': ['pafs', 'heatmaps'], 'background': 'first'}
    origin = [{'file': 'a/b.xml', 'sha256': '0' * 64, 'urls': ['http://x', 'http://y']}]
    more = {'stride': 4, 'ap': 0.5, 'licence': 'MIT', 'net_resolution': [256, -1]}
    more |= {'limb_order': 'peaks', 'score_calibration': [8, -3.5]}
    fields = {**MINIMAL, **more, 'input': inputs, 'outputs': outputs, 'origin': origin}
    spec = make_spec(fields, 'here', tmp_path)
    assert spec.input == InputSpec(
        name='image',
        layout='NHWC',
        colour='RGB',
        mean=(1, 2, 3.5),
        scale=(0.5, 0.25, 1),
        pad=7,
        multiple=16,
        offset=1,
        fixed_size=(433, 369),
    )
    assert spec.outputs == OutputSpec(
        joined='maps', order=('pafs', 'heatmaps'), background='first'
    )
    assert spec.origin == (
        PublishedFile(file='a/b.xml', sha256='0' * 64, urls=('http://x', 'http://y')),
    )
    assert (spec.stride, spec.ap, spec.licence) == (4, 0.5, 'MIT')
    assert spec.net_resolution == (256, -1)
    assert spec.limb_order == 'peaks'
    assert spec.score_calibration == ScoreCalibration(8.0, -3.5)


def test_a_skeleton_may_lie_beside_the_manifest(tmp_path):
    skeleton = {
        'name': 'rod',
        'keypoints': [{'name': 'a'}, {'name': 'b'}],
        'limbs': [{'from': 'a', 'to': 'b', 'paf': [0, 1]}],
    }
    (tmp_path / 'rod.json').write_text(json.dumps(skeleton))
    spec = make_spec({**MINIMAL, 'skeleton': 'rod.json'}, 'here', tmp_path)
    assert spec.skeleton.keypoint_names == ('a', 'b')


def test_all_missing_fields_are_listed(tmp_path):
    fields = {'name': 'x', 'file': 'x.onnx', 'sha256': '0' * 64, 'input': {'colour': 'RGB'}}
    with pytest.raises(ModelError, match=r'^here lacks skeleton, input\.mean, input\.scale'):
        make_spec(fields, 'here', tmp_path)


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'strde': 8}, "unknown field 'strde'; known: .*stride"),
        ({'input': {**RAW_BGR, 'color': 'BGR'}}, "unknown field 'input.color'; known: colour"),
        ({'stride': 0}, 'stride is 0, but must be a whole number from 1'),
        ({'stride': True}, 'stride is True'),
        ({'decoder': 'magic'}, "decoder is 'magic', but must be one of paf, posenet"),
        (
            {'decoder': 'posenet'},
            "the decoder 'posenet' follows .* tree, but the skeleton coco_18",
        ),
        ({'limb_order': 'auto'}, "limb_order is 'auto', but must be one of field, peaks"),
        ({'ap': 'high'}, 'ap is .high., but must be a number'),
        ({'ap': float('nan')}, 'ap is nan'),
        ({'sha256': 'abc'}, "sha256 is 'abc', but must be 64 hexadecimal digits"),
        ({'name': 5}, 'name is 5, but must be text'),
        ({'ap': 10**400}, 'ap is 10+, but must be a number'),
        ({'net_resolution': [-1, -1]}, r'net_resolution is \[-1, -1\], but must be'),
        ({'net_resolution': [0, 5]}, 'net_resolution is'),
        ({'net_resolution': 368}, 'net_resolution is 368'),
        (
            {'score_calibration': [0, 1]},
            r'score_calibration is \[0, 1\], but must be \[slope, offset\], two numbers, the '
            'slope above 0',
        ),
        ({'score_calibration': 8}, 'score_calibration is 8'),
        ({'score_calibration': [8, '1']}, 'score_calibration is'),
        ({'score_calibration': [8, 1, 2]}, 'score_calibration is'),
        ({'input': {**RAW_BGR, 'mean': [1, 2]}}, r'input.mean is \[1, 2\], but must be three'),
        ({'input': {**RAW_BGR, 'mean': ['1', 2, 3]}}, 'input.mean is'),
        ({'input': {**RAW_BGR, 'layout': 'CHW'}}, 'input.layout is .* one of NCHW, NHWC'),
        ({'input': {**RAW_BGR, 'colour': ['BGR']}}, 'input.colour is .* one of BGR, RGB'),
        ({'outputs': 'maps'}, "outputs is 'maps', but must be an object"),
        ({'outputs': {'order': 5}}, 'outputs.order is 5'),
        ({'origin': {}}, 'origin is {}, but must be a list'),
        ({'origin': ['http://x']}, "origin is 'http://x', but must be an object"),
        (
            {'origin': [{'file': 'a', 'sha256': '0' * 64, 'urls': []}]},
            'origin.urls is .*a list of addresses',
        ),
        ({'skeleton': 'coco_81'}, "unknown skeleton 'coco_81'; available: .*coco_18"),
        ({'skeleton': 18}, 'skeleton is 18, but must be text'),
    ],
)
def test_a_wrong_field_is_named(tmp_path, fields, message):
    with pytest.raises(ModelError, match=f'^here: {message}'):
        make_spec({**MINIMAL, **fields}, 'here', tmp_path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'{', 'is not JSON'),
        (b'[]', 'must be an object of JSON'),
        (b'{"size": Infinity}', 'is not JSON: Infinity'),
        (b'[' * 100_000, 'is not JSON: it is nested too deeply'),
        (b'\xff\xfe', 'is not JSON'),
    ],
)
def test_a_file_that_is_no_manifest_is_named(tmp_path, content, message):
    path = tmp_path / 'x.json'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_json(path)


def test_metadata_hold_the_same_fields():
    metadata = {
        'openpose_ros.skeleton': 'coco_18',
        'openpose_ros.stride': '8',
        'openpose_ros.input.mean': '[1, 2, 3]',
        'openpose_ros.input.colour': 'RGB',
        'openpose_ros.outputs': '{"joined": "maps"}',
        'somebody.else': 'x',
    }
    assert fields_of_metadata(metadata) == {
        'skeleton': 'coco_18',
        'stride': 8,
        'input': {'mean': [1, 2, 3], 'colour': 'RGB'},
        'outputs': {'joined': 'maps'},
    }
    assert fields_of_metadata({'somebody.else': 'x'}) == {}


def test_metadata_of_a_section_add_to_it():
    metadata = {'openpose_ros.input.pad': '0', 'openpose_ros.input': '{"pad": 9, "colour": "RGB"}'}
    assert fields_of_metadata(metadata) == {'input': {'colour': 'RGB', 'pad': 0}}


def test_metadata_that_contradict_themselves_are_refused(tmp_path):
    metadata = {'openpose_ros.input': 'BGR', 'openpose_ros.input.mean': '[1, 2, 3]'}
    fields = {**MINIMAL, **fields_of_metadata(metadata)}
    with pytest.raises(ModelError, match=r'lacks input\.colour, input\.scale'):
        make_spec(fields, 'here', tmp_path)


def test_the_packages_manifests_are_complete():
    names = [path.stem for path in sorted(_DATA.glob('*.json'))]
    assert sorted(names) == [spec.name for spec in known_models()]
    for spec in known_models():
        assert spec.licence in ('Apache-2.0', 'MIT'), spec.name
        assert spec.description, spec.name
        if (_DATA / spec.file).is_file():  # our own, in the package
            assert (Path(__file__).parents[2] / spec.homepage).is_file(), spec.name
            continue
        assert spec.homepage.startswith('https://'), spec.name
        assert spec.origin, spec.name
        for published in spec.origin:
            assert all(url.startswith('https://') for url in published.urls), spec.name


def test_no_two_known_models_share_a_file():
    for values in (
        [spec.file for spec in known_models()],
        [spec.sha256 for spec in known_models()],
    ):
        assert len(set(values)) == len(values)
    # Two may be made of the same published files, but not of others under the same name.
    places = {
        (published.file, published.sha256) for spec in known_models() for published in spec.origin
    }
    assert len({file for file, _ in places}) == len(places)

"""The verb `models`, as a user types it."""

from __future__ import annotations

import json

from google.protobuf import text_format
import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.engine import open_engine
from openpose_ros.models import finding, load_model
from openpose_ros.models.manifest import read_json
from tests.models import known
from tests.models.importing.caffe import networks
from tests.models.known import RAW_BGR, sha256
from tests.models.server import serve

cache, know = known.cache, known.know  # fixtures

CONTENT = b'<net/>'
PACKAGE_DATA = finding._DATA
INT8 = 'human-pose-estimation-0001-int8-qdq'


def test_list_shows_every_model_and_whether_it_is_here(know, cache, capsys):
    know('here', CONTENT, file='here.xml', ap=0.5, licence='MIT')
    know('elsewhere', b'', size=1_460_000)
    cache.mkdir(parents=True)
    (cache / 'here.xml').write_bytes(CONTENT)
    (cache / 'here.bin').write_bytes(bytes(2_000_000))
    assert main(['models', 'list']) == 0
    header, elsewhere, here = capsys.readouterr().out.splitlines()
    assert header.split() == ['NAME', 'SKELETON', 'LICENCE', 'SIZE', 'AP', 'FILE']
    assert elsewhere.split() == [
        'elsewhere',
        'coco_18',
        'unknown',
        '1.5',
        'MB',
        '-',
        'not',
        'here',
    ]
    expected = ['here', 'coco_18', 'MIT', '2.0', 'MB', '0.500', str(cache / 'here.xml')]
    assert here.split(maxsplit=6) == expected


def test_show_says_all_that_is_known(know, capsys):
    origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': ['http://127.0.0.1/a']}]
    inputs = {**RAW_BGR, 'mean': [1, 2, 3]}
    know('a', CONTENT, file='a.xml', origin=origin, input=inputs, ap=0.25)
    assert main(['models', 'show', 'a']) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown['path'].endswith('get it with: openpose-ros models fetch a')
    assert shown['skeleton'] == 'coco_18 (18 keypoints, 19 limbs)'
    assert shown['input.mean'] == '1.0 2.0 3.0'
    assert shown['origin'] == f'http://127.0.0.1/a sha256 {sha256(CONTENT)}'
    assert shown['ap'] == '0.25'
    assert 'outputs.offsets' not in shown


def test_fetch_downloads_once(know, cache, capsys):
    with serve() as site:
        site.files['/a'] = CONTENT
        origin = [{'file': 'a.xml', 'sha256': sha256(CONTENT), 'urls': [site.url('/a')]}]
        know('a', CONTENT, file='a.xml', origin=origin)
        assert main(['models', 'fetch', 'a']) == 0
        assert capsys.readouterr().out == f'{cache / "a.xml"}\n'
        assert main(['models', 'fetch', 'a']) == 0
    assert capsys.readouterr().out == f'a is here already: {cache / "a.xml"}\n'
    assert len(site.requests) == 1


def test_fetch_says_when_published_files_are_not_yet_the_model(know, cache, capsys):
    with serve() as site:
        site.files['/a'] = CONTENT
        origin = [{'file': 'a.tflite', 'sha256': sha256(CONTENT), 'urls': [site.url('/a')]}]
        know('a', b'converted', origin=origin)
        assert main(['models', 'fetch', 'a']) == 0
    path, told = capsys.readouterr().out.splitlines()
    assert path == str(cache / 'a.tflite')
    assert 'Nothing here can turn them into a.onnx; set OPENPOSE_ROS_MODEL_PATH' in told


@pytest.fixture
def published(know, tmp_path):
    """Publish a small network as IR at a site; return the site and its folder."""
    pytest.importorskip('openvino', reason='needs the extra openvino')
    from tests.models.importing.openvino_ir.test_to_onnx import maps_of_a_network
    from tests.models.networks import write_ir

    ir = write_ir(tmp_path / 'published.xml', maps_of_a_network, shape=(1, 3, 64, 64))
    with serve() as site:
        origin = []
        for ending in ('.xml', '.bin'):
            content = ir.with_suffix(ending).read_bytes()
            site.files[f'/net{ending}'] = content
            origin.append(
                {
                    'file': f'a-ir/net{ending}',
                    'sha256': sha256(content),
                    'urls': [site.url(f'/net{ending}')],
                }
            )
        outputs = {'heatmaps': 'heatmaps', 'pafs': 'pafs'}
        know('a', b'of another version', origin=origin, outputs=outputs, size=10)
        yield site


def test_fetch_ends_with_a_model_that_every_engine_runs(published, cache, capsys):
    assert main(['models', 'fetch', 'a']) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [str(cache / name) for name in ('a-ir/net.xml', 'a-ir/net.bin', 'a.onnx')]
    spec = load_model('a')
    assert (spec.name, spec.path) == ('a', cache / 'a.onnx')
    batch = np.random.default_rng(0).uniform(0, 1, (1, 3, 32, 48)).astype(np.float32)
    maps = []
    for backend in ('onnxruntime', 'openvino'):
        with open_engine('a', backend=backend) as engine:
            maps.append(engine.infer(batch))
    np.testing.assert_allclose(maps[0].heatmaps, maps[1].heatmaps, atol=0.05)
    np.testing.assert_allclose(maps[0].pafs, maps[1].pafs, atol=0.05)
    assert main(['models', 'fetch', 'a']) == 0
    assert capsys.readouterr().out == f'a is here already: {cache / "a.onnx"}\n'
    assert len(published.requests) == 2


def test_a_download_that_was_changed_is_not_converted(published, cache, capsys):
    published.files['/net.bin'] = b'something else'
    assert main(['models', 'fetch', 'a']) == 1
    assert 'it delivered another file' in capsys.readouterr().err
    assert not (cache / 'a.onnx').exists()


def test_the_published_int8_network_is_fetched(shared, cache, know, capsys):
    manifest = read_json(PACKAGE_DATA / f'{INT8}.json')
    folder = shared / 'models'
    with serve() as site:
        for published in manifest['origin']:
            content = (folder / published['file']).read_bytes()
            site.files[f'/{published["file"]}'] = content
            published['urls'] = [site.url(f'/{published["file"]}')]
        know(manifest.pop('name'), b'', **manifest)
        assert main(['models', 'fetch', '--quiet', INT8]) == 0
    assert load_model(INT8).path == cache / manifest['file']


def test_import_says_what_is_missing_and_where_it_went(tmp_path, cache, capsys):
    pytest.importorskip('openvino', reason='needs the extra openvino')
    from tests.models.importing.openvino_ir.test_to_onnx import maps_of_a_network
    from tests.models.networks import write_ir

    ir = write_ir(tmp_path / 'mine.xml', maps_of_a_network, shape=(1, 3, 64, 64))
    assert main(['models', 'import', str(ir), '--precision', 'fp16']) == 0
    path, told = capsys.readouterr().out.splitlines()
    assert path == str(cache / 'mine.onnx')
    assert told.startswith('Before it can be used: nothing describes the model')
    (cache / 'mine.onnx').unlink()
    (tmp_path / 'mine.json').write_text(json.dumps({'skeleton': 'coco_18', 'input': RAW_BGR}))
    assert main(['models', 'import', str(ir)]) == 0
    path, told = capsys.readouterr().out.splitlines()
    assert told == 'Its name is mine: openpose-ros models show mine'
    assert main(['models', 'show', 'mine']) == 0
    assert str(cache / 'mine.onnx') in capsys.readouterr().out
    assert main(['models', 'import', str(ir), '-o', str(tmp_path / 'mine.onnx')]) == 0
    assert capsys.readouterr().out == f'{tmp_path / "mine.onnx"}\n'
    assert load_model(tmp_path / 'mine.onnx').name == 'mine'


def test_import_of_caffe_says_whose_the_weights_are(tmp_path, cache, capsys):
    net = networks.with_weights(networks.NETWORKS['mpi'](networks.EIGHTH))
    path = tmp_path / 'pose iter.caffemodel'
    path.write_bytes(net.SerializeToString())
    assert main(['models', 'import', str(path), '--stages', '4']) == 0
    place, licence, name = capsys.readouterr().out.splitlines()
    assert place == str(cache / 'pose iter.onnx')
    assert licence.startswith("Licence: OpenPose's own weights are for academic or non-profit")
    assert name == "Its name is pose iter: openpose-ros models show 'pose iter'"
    text = tmp_path / 'net.prototxt'
    text.write_text(text_format.MessageToString(networks.without_weights(net)), 'utf-8')
    output = tmp_path / 'o.onnx'
    arguments = ['models', 'import', str(path), '--kind', 'caffe', '--prototxt', str(text)]
    assert main([*arguments, '--output', str(output), '--name', 'mine']) == 0
    assert load_model(output).skeleton.name == 'mpi_15'
    assert load_model(output).name == 'mine'
    assert load_model(output).outputs == load_model(cache / 'pose iter.onnx').outputs
    capsys.readouterr()
    assert main(['models', 'import', str(text)]) == 1
    assert 'is the graph of a Caffe network: give its .caffemodel' in capsys.readouterr().err


@pytest.mark.parametrize('name', ['hand', 'face'])
def test_import_says_what_takes_a_network_for_hands_or_faces(tmp_path, capsys, make_picture, name):
    path = tmp_path / 'net.caffemodel'
    net = networks.with_weights(networks.NETWORKS[name](networks.EIGHTH))
    path.write_bytes(net.SerializeToString())
    assert main(['models', 'import', str(path), '--output', str(tmp_path / 'net.onnx')]) == 0
    *_, told = capsys.readouterr().out.splitlines()
    use = f'openpose-ros estimate photo.jpg --{name} {tmp_path / "net.onnx"}'
    assert told == f'It is for {name}s: {use}'
    lines, photo = tmp_path / 'people.jsonl', make_picture()
    arguments = ['estimate', str(photo), *use.split()[3:], '--backend', 'onnxruntime']
    assert main([*arguments, '--json', str(lines), '--quiet']) == 0
    json.loads(lines.read_text('utf-8'))


@pytest.mark.parametrize(
    ('action', 'says'),
    [
        ('list', 'all networks, and whether they are on this machine. AP is'),
        ('show', 'what is known about a network. Origin, licence'),
        ('fetch', 'compared with their sha256'),
        ('import', 'OpenVINO IR of versions 10 and 11'),
    ],
)
def test_help_of_an_action_says_what_it_does(action, says, capsys):
    with pytest.raises(SystemExit) as caught:
        main(['models', action, '--help'])
    assert caught.value.code == 0
    assert says in ' '.join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ('arguments', 'status', 'message'),
    [
        (['fetch', 'a'], 1, 'http://127.0.0.1:1/a: Connection refused; try again later, or save'),
        (['fetch', 'b'], 1, "no known model 'b'; choose from a"),
        (['show', 'b'], 1, "'b' is neither a file nor a known name"),
        (['fetch'], 2, 'required: MODEL'),
        (['import'], 2, 'required: FILE'),
        (['import', 'nowhere.xml'], 1, 'cannot read nowhere.xml: No such file'),
        ([], 2, 'required: ACTION'),
        (['dance'], 2, "invalid choice: 'dance'"),
    ],
)
def test_what_fails_is_one_line(know, capsys, arguments, status, message):
    origin = [{'file': 'a.xml', 'sha256': '0' * 64, 'urls': ['http://127.0.0.1:1/a']}]
    know('a', CONTENT, origin=origin)
    try:
        found = main(['models', *arguments])
    except SystemExit as exc:  # argparse's way
        found = exc.code
    assert found == status
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.count('\n') == 1
    assert message in captured.err


def test_list_and_show_mark_what_cannot_run(know, cache, monkeypatch, capsys):
    know('there', CONTENT, file='there.onnx')
    know('other', b'other', file='other.tflite')
    know('pose', b'pose', file='pose.onnx', skeleton='coco_17', decoder='posenet')
    know('ir', b'a network of OpenVINO', file='ir.xml')
    know('damaged', b'as it was published', file='damaged.onnx')
    cache.mkdir(parents=True)
    for name, content in (('there', CONTENT), ('damaged', b'as it was pub')):
        (cache / f'{name}.onnx').write_bytes(content)
    monkeypatch.setattr('openpose_ros.engine.opening.find_spec', lambda name: None)
    assert main(['models', 'list']) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows['there'].endswith(str(cache / 'there.onnx'))
    assert rows['other'].endswith(
        'cannot run: needs a backend for .tflite files, and there is none'
    )
    assert rows['pose'].endswith('not here')
    assert rows['ir'].endswith('not here; cannot run: needs OpenVINO: pip install openvino')
    assert 'damaged.onnx; cannot run: needs another file: ' in rows['damaged']
    for name, said in (('other', 'cannot run  needs a backend'), ('pose', None), ('there', None)):
        assert main(['models', 'show', name]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if 'cannot run' in line]
        assert len(lines) == (said is not None)
        assert not said or ' '.join(lines[0].split()).startswith(' '.join(said.split()))

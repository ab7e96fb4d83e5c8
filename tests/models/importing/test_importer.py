"""From the files of IR to a model that is known by its name."""

from __future__ import annotations

import json
from pathlib import Path
import shutil

import onnx
import pytest

from openpose_ros.errors import ModelError, ParameterError
from openpose_ros.models import import_model, list_models, load_model, read_onnx_facts
from openpose_ros.models.finding import known_models
from openpose_ros.skeletons import loading
from tests.models.known import RAW_BGR, sha256

NAME = 'human-pose-estimation-0001'
INT8 = f'{NAME}-int8-qdq'
SKELETONS = Path(loading.__file__).parent / 'data'


@pytest.fixture
def ir(shared, tmp_path):
    """Return a copy of the published IR of int8."""
    folder = tmp_path / 'ein Ordner'
    folder.mkdir()
    for ending in ('.xml', '.bin'):
        shutil.copy(shared / f'models/{NAME}-int8-ir/{NAME}{ending}', folder)
        (folder / f'{NAME}{ending}').chmod(0o644)
    return folder / f'{NAME}.xml'


def test_the_published_files_become_the_model_that_its_manifest_means(ir, cache):
    path = import_model(ir)
    assert path == cache / f'{INT8}.onnx'
    spec = load_model(INT8)
    assert (spec.name, spec.path) == (INT8, path)
    known = {spec.name: spec for spec in known_models()}[INT8]
    assert sha256(path.read_bytes()) == known.sha256, 'the same whatever the onnx package'
    assert path.stat().st_size == known.size
    assert read_onnx_facts(path).precision == 'int8'
    assert {item.name for item in onnx.load(path).graph.output} == {'heatmaps', 'pafs'}
    assert [item.name for item in cache.iterdir()] == [path.name], 'no part of it'
    assert {item.suffix for item in ir.parent.iterdir()} == {'.xml', '.bin'}


def test_a_model_is_known_by_what_it_was_made_from(ir, cache):
    """As the one of float32, whose own sha256 nobody here has seen."""
    path = import_model(ir)
    model = onnx.load(path)
    model.doc_string = 'converted by another version'
    target = cache / f'{INT8}.onnx'
    onnx.save(model, target)
    spec = load_model(INT8)
    assert (spec.name, spec.path, spec.sha256) == (INT8, target, sha256(target.read_bytes()))
    assert [found.path for found in list_models() if found.name == INT8] == [target]


def test_a_name_that_is_given_is_where_it_is_found(ir, cache):
    path = import_model(ir, name='mine')
    assert path == cache / 'mine.onnx'
    assert load_model('mine').name == INT8, 'the known one, under another name'
    with pytest.raises(ModelError, match=r'mine\.onnx exists already; name another file'):
        import_model(ir, name='mine')


def test_another_precision_is_another_model(ir):
    path = import_model(ir, ir.with_name('mine.onnx'), precision='fp32')
    with pytest.raises(ModelError, match=r'nothing describes the model .*mine\.onnx'):
        load_model(path)


def test_another_precision_does_not_take_a_known_name(ir, cache):
    with pytest.raises(ModelError, match=f'^{NAME} is the name of another network, the known one'):
        import_model(ir, precision='fp32')
    assert not cache.exists()


def test_the_manifest_of_an_ir_goes_with_it(ir):
    """One of the user's own: a byte more in the .bin, and it is no known network."""
    mine = ir.with_name('mein Netz.xml')
    shutil.copy(ir, mine)
    mine.with_suffix('.bin').write_bytes(ir.with_suffix('.bin').read_bytes() + b' ')
    manifest = {'skeleton': 'bones.json', 'input': RAW_BGR, 'file': mine.name, 'licence': 'MIT'}
    mine.with_suffix('.json').write_text(json.dumps(manifest))
    shutil.copy(SKELETONS / 'coco_18.json', mine.with_name('bones.json'))
    path = import_model(mine)
    spec = load_model('mein Netz')
    assert (spec.path, spec.file, spec.licence) == (path, 'mein Netz.onnx', 'MIT')
    assert spec.skeleton.num_keypoints == 18


def test_a_cache_that_cannot_be_made_is_named(ir, cache):
    cache.parent.write_text('no folder')
    with pytest.raises(ModelError, match=r'cannot write .*\.onnx: (File exists|Not a directory)'):
        import_model(ir)


def test_a_file_that_is_there_is_kept_unless_named(ir, cache):
    cache.mkdir(parents=True)
    target = cache / f'{INT8}.onnx'
    target.write_text("somebody's own")
    with pytest.raises(ModelError, match=r'\.onnx exists already; name another file'):
        import_model(ir)
    with pytest.raises(ParameterError, match=r'\.onnx is there already and is no network'):
        import_model(ir, target)
    assert target.read_text() == "somebody's own"
    target.unlink()
    for _ in range(2):
        assert load_model(import_model(ir, target)).name == INT8


@pytest.mark.parametrize('ending', ['.xml', '.bin'])
def test_the_files_themselves_are_never_overwritten(ir, ending):
    kept = ir.with_suffix(ending).read_bytes()
    with pytest.raises(
        ParameterError, match=rf'{ending}, which this command reads: it would be lost'
    ):
        import_model(ir, ir.parent / '..' / ir.parent.name / f'{NAME}{ending}')
    assert ir.with_suffix(ending).read_bytes() == kept


def test_a_folder_that_cannot_be_written_is_named(ir, tmp_path):
    with pytest.raises(ModelError, match=r'cannot write .*net\.onnx: No such file'):
        import_model(ir, tmp_path / 'nowhere' / 'net.onnx')
    (tmp_path / 'folder.onnx').mkdir()
    with pytest.raises(ModelError, match=r'cannot write .*folder\.onnx: Is a directory'):
        import_model(ir, tmp_path / 'folder.onnx')
    assert [path.name for path in tmp_path.iterdir() if path.suffix == '.part'] == []


def test_the_published_files_themselves_are_no_model_of_the_converted_one(ir):
    assert load_model(ir).name == f'{NAME}-int8', 'the IR has a manifest of its own'
    ir.with_suffix('.bin').unlink()
    with pytest.raises(ModelError, match=r'cannot read the model .*\.bin'):
        load_model(ir)

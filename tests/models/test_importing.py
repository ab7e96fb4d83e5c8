"""From the files of IR to a model that is known by its name."""

from __future__ import annotations

import shutil

import onnx
import pytest

from openpose_ros.errors import ModelError
from openpose_ros.models import import_model, list_models, load_model, read_onnx_facts
from openpose_ros.models.finding import known_models
from tests.models.known import sha256

NAME = 'human-pose-estimation-0001'
INT8 = f'{NAME}-int8-qdq'


@pytest.fixture
def ir(shared, tmp_path):
    """Return a copy of the published IR of int8."""
    folder = tmp_path / 'ein Ordner'
    folder.mkdir()
    for ending in ('.xml', '.bin'):
        shutil.copy(shared / f'models/{NAME}-int8-ir/{NAME}{ending}', folder)
        (folder / f'{NAME}{ending}').chmod(0o644)
    return folder / f'{NAME}.xml'


def test_the_published_files_become_the_model_that_its_manifest_means(ir):
    path = import_model(ir)
    assert path == ir.with_suffix('.onnx')
    spec = load_model(path)
    assert (spec.name, spec.path) == (INT8, path)
    known = {spec.name: spec for spec in known_models()}[INT8]
    assert sha256(path.read_bytes()) == known.sha256, 'the same whatever the onnx package'
    assert path.stat().st_size == known.size
    assert read_onnx_facts(path).precision == 'int8'
    assert {item.name for item in onnx.load(path).graph.output} == {'heatmaps', 'pafs'}
    assert [item.name for item in ir.parent.iterdir() if item.suffix == '.part'] == []


def test_a_model_is_known_by_what_it_was_made_from(ir, cache):
    """As the one of float32, whose own sha256 nobody here has seen."""
    path = import_model(ir)
    model = onnx.load(path)
    model.doc_string = 'converted by another version'
    cache.mkdir(parents=True)
    target = cache / f'{INT8}.onnx'
    onnx.save(model, target)
    spec = load_model(INT8)
    assert (spec.name, spec.path, spec.sha256) == (INT8, target, sha256(target.read_bytes()))
    assert [found.path for found in list_models() if found.name == INT8] == [target]


def test_another_precision_is_another_model(ir):
    path = import_model(ir, ir.with_name('mine.onnx'), precision='fp32')
    with pytest.raises(ModelError, match=r'nothing describes the model .*mine\.onnx'):
        load_model(path)


def test_a_file_that_is_there_is_kept_unless_named(ir):
    target = ir.with_suffix('.onnx')
    target.write_text("somebody's own")
    with pytest.raises(ModelError, match=r'\.onnx exists already; name another file'):
        import_model(ir)
    assert target.read_text() == "somebody's own"
    assert load_model(import_model(ir, target)).name == INT8


@pytest.mark.parametrize('ending', ['.xml', '.bin'])
def test_the_files_themselves_are_never_overwritten(ir, ending):
    kept = ir.with_suffix(ending).read_bytes()
    with pytest.raises(ModelError, match=rf'{ending} is what is to be converted; name another'):
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

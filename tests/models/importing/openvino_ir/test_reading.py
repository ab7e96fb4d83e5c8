"""IR that is cut, spoiled or made to do harm: one clear error, at once."""

from __future__ import annotations

import random
import re

import pytest

pytest.importorskip('openvino', reason='needs the extra openvino')

from openpose_ros.errors import ModelError
from openpose_ros.models import import_model
from openpose_ros.models.importing.openvino_ir.reading import read_ir
from tests.models.importing.openvino_ir.test_to_onnx import convolve, eight_bits
from tests.models.networks import write_ir


@pytest.fixture
def ir(tmp_path):
    return write_ir(tmp_path / 'net.xml', convolve)


def test_layers_come_after_what_they_need(ir):
    layers = read_ir(ir)
    seen = set()
    for number, layer in layers.items():
        assert {start for start, _ in layer.inputs} <= seen
        seen.add(number)
    kinds = [layer.kind for layer in layers.values()]
    assert sorted(kinds) == ['Const', 'Convolution', 'Parameter', 'Result']


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('version="11"', 'version="7"', 'its version is 7, expected 10 or 11'),
        ('<net', '<!DOCTYPE net [<!ENTITY a "b">]>\n<net', 'declares a document type'),
        ('<net', '<web', 'no XML'),
        ('<?xml version="1.0"?>', '<?xml version="1.0" encoding="magic"?>', 'no XML'),
        ('offset="0"', 'offset="1000"', r'ends at byte 1432 of the \.bin, which has 4'),
        ('offset="0"', 'offset="-4"', 'ends at byte'),
        ('offset="0"', 'offset="many"', "'many,432' are not whole numbers"),
        ('size="432"', 'size="431"', r'431 bytes cannot have the shape \(4, 3, 3, 3\) in f32'),
        ('shape="4, 3, 3, 3"', 'shape="4, 3, 3, 99999999999999"', 'cannot have the shape'),
        ('shape="4, 3, 3, 3"', 'shape="-4, -3, 3, 3"', 'cannot have the shape'),
        ('shape="4, 3, 3, 3"', 'shape="108"', 'its kernel has the shape .*, expected 4 axes'),
        ('shape="4, 3, 3, 3"', 'shape="12, 1, 3, 3"', 'its shapes do not fit'),
        ('element_type="f32" shape="4', 'element_type="u4" shape="4', "of type 'u4', expected"),
        ('type="Result"', 'type="Sink"', 'it has no results'),
        ('type="Parameter"', 'type="Const"', "',' are not whole numbers"),
        ('strides="1, 1"', 'strides="1"', "its strides is '1', expected 2 whole numbers"),
        ('strides="1, 1"', 'strides="0, 1"', 'strides and dilations is 0'),
        ('strides="1, 1"', 'strides="1, 99999999"', "its strides is '1, 99999999'"),
        ('pads_begin="1, 1"', 'pads_begin="-1, 1"', 'its pads_begin'),
        ('auto_pad="explicit"', 'auto_pad="magic"', "its auto_pad is 'magic', expected explicit"),
        ('type="Convolution"', 'type="Deformed"', r'Deformed \(opset1\); known are Add, '),
        ('version="opset1"', 'version="mine"', r'not known here: .* \(mine\)'),
        ('from-layer="0"', 'from-layer="77"', 'needs port .* of layer 77: not there'),
        ('to-layer="3"', 'to-layer="2"', 'two edges lead to port|nothing leads to port'),
    ],
)
def test_a_spoiled_description_is_refused(ir, old, new, message):
    text = ir.read_text(encoding='utf-8')
    assert old in text
    ir.write_text(text.replace(old, new), encoding='utf-8')
    with pytest.raises(ModelError, match=message) as caught:
        import_model(ir)
    assert str(ir) in str(caught.value)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 700 + len(str(ir))
    assert list(ir.parent.rglob('*.onnx*')) == []


def test_a_network_that_goes_round_is_refused(ir):
    text = ir.read_text(encoding='utf-8')
    found = re.search(r'from-layer="(\d+)" from-port="(\d+)" to-layer="3"', text)
    first = re.search(r'from-layer="\d+" from-port="\d+"', text)
    assert found
    assert first
    text = text.replace(first[0], f'from-layer="{found[1]}" from-port="{found[2]}"', 1)
    ir.write_text(text, encoding='utf-8')
    with pytest.raises(ModelError, match='depends on itself'):
        import_model(ir)


def test_two_constants_do_not_fill_the_memory(ir):
    """A column of 3000 and a row of 3000 are small; their product is not."""
    layers = '\n'.join(
        f'<layer id="{number}" name="c{number}" type="Const" version="opset1">'
        f'<data element_type="f32" shape="{shape}" offset="0" size="400000"/>'
        '<output><port id="0" precision="FP32"/></output></layer>'
        for number, shape in ((10, '100000,1'), (11, '1,100000'))
    )
    product = (
        '<layer id="12" name="product" type="Multiply" version="opset1"><input><port id="0"/>'
        '<port id="1"/></input><output><port id="2"/></output></layer>'
        '<layer id="13" name="end" type="Result" version="opset1"><input><port id="0"/></input>'
        '</layer>'
    )
    edges = ''.join(
        f'<edge from-layer="{start}" from-port="{port}" to-layer="{end}" to-port="{to}"/>'
        for start, port, end, to in ((10, 0, 12, 0), (11, 0, 12, 1), (12, 2, 13, 0))
    )
    text = ir.read_text(encoding='utf-8')
    text = text.replace('</layers>', f'{layers}{product}</layers>')
    ir.write_text(text.replace('</edges>', f'{edges}</edges>'), encoding='utf-8')
    ir.with_suffix('.bin').write_bytes(bytes(400_000))
    with pytest.raises(ModelError, match=r'shapes \(100000, 1\) and \(1, 100000\) do not fit'):
        import_model(ir)


@pytest.mark.parametrize('ending', ['.xml', '.bin'])
def test_what_cannot_be_read_is_named(ir, ending):
    spoiled = ir.with_suffix(ending)
    spoiled.unlink()
    with pytest.raises(ModelError, match=rf'cannot read .*net\{ending}: No such file'):
        import_model(ir)
    spoiled.mkdir()
    with pytest.raises(ModelError, match=rf'cannot read .*net\{ending}: Is a directory'):
        import_model(ir)
    spoiled.rmdir()
    spoiled.touch()
    with pytest.raises(ModelError, match=r'in no format that is known|which has 0'):
        import_model(ir)


def test_any_cut_and_any_change_ends_well(tmp_path):
    """What is still read may become a model; anything else is a ModelError, never another."""
    ir = write_ir(tmp_path / 'net.xml', eight_bits)
    originals = {ending: ir.with_suffix(ending).read_bytes() for ending in ('.xml', '.bin')}
    draw = random.Random(5)
    refused = 0
    numbers = list(re.finditer(rb'"-?\d+(, ?\d+)*"', originals['.xml']))
    for turn in range(150):
        content = dict(originals)
        if turn % 3 == 0:
            ending = draw.choice(['.xml', '.bin'])
            content[ending] = content[ending][: draw.randrange(len(content[ending]))]
        elif turn % 3 == 1:
            number = draw.choice(numbers)
            word = draw.choice([b'-1', b'0', b'1e9', b'99999999999999999999', b'', b'7', b'nan'])
            text = content['.xml']
            content['.xml'] = text[: number.start() + 1] + word + text[number.end() - 1 :]
        else:
            spoiled = bytearray(content['.bin'])
            for _ in range(20):
                spoiled[draw.randrange(len(spoiled))] = draw.randrange(256)
            content['.bin'] = bytes(spoiled)
        for ending, data in content.items():
            ir.with_suffix(ending).write_bytes(data)
        try:
            import_model(ir, tmp_path / 'net.onnx')
        except ModelError as exc:
            refused += '\n' not in str(exc)
    assert refused > 50

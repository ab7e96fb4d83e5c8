"""Messages looked up by number against what protobuf itself wrote."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto
import pytest

from openpose_ros.models.importing import protobuf
from openpose_ros.models.importing.limits import MOST_NESTING
from openpose_ros.models.importing.protobuf import Message


def test_fields_are_those_that_protobuf_wrote():
    node = NodeProto(name='first', op_type='Conv', input=['a', 'b', 'ä'])
    node.attribute.add(name='pads', ints=[1, -2, 1 << 40], type=AttributeProto.INTS)
    node.attribute.add(name='alpha', f=0.25, type=AttributeProto.FLOAT)
    found = Message(node.SerializeToString())
    assert found.numbers == {1, 3, 4, 5}
    assert found.texts(1) == ['a', 'b', 'ä']
    assert found.text(3) == 'first'
    pads, alpha = found.messages(5)
    assert pads.whole_numbers(8) == [1, -2, 1 << 40]
    assert (alpha.number(2), alpha.number(9, 0.5)) == (0.25, 0.5)
    assert found.message(5).text(1) == 'alpha', 'the last of several, as protobuf has it'
    assert (found.text(2, 'none'), found.texts(2), list(found.messages(77))) == ('none', [], [])
    assert not found.message(77).numbers
    assert 5 in found
    assert 77 not in found


def test_numbers_are_read_packed_or_not():
    values = np.float32([0.5, -1, 3e38])
    packed = TensorProto(float_data=values, double_data=[1e300, 2], dims=[3, -1])
    found = Message(packed.SerializeToString())
    assert found.floats(4).tolist() == values.tolist()
    assert found.floats(10, '<f8').tolist() == [1e300, 2]
    assert found.whole_numbers(1) == [3, -1]
    assert found.whole(1) == -1
    single = b''.join(b'\x25' + value.tobytes() for value in values)  # field 4, 32 bits each
    assert Message(single).floats(4).tolist() == values.tolist()
    assert Message(b'\x0a\x03\x01\x02\x03').whole_numbers(1) == [1, 2, 3]
    assert Message(b'').floats(4).shape == (0,)


def test_bytes_are_not_copied():
    raw = TensorProto(raw_data=b'weights').SerializeToString()
    assert bytes(Message(raw).content(9)) == b'weights'
    assert Message(raw).content(9).obj is raw


@pytest.mark.parametrize(
    ('data', 'look', 'message'),
    [
        (b'\x0a\x05abc', lambda found: found, 'it ends too early'),
        (b'\x0b', lambda found: found, 'it is no protobuf message'),
        (b'\x08' + b'\xff' * 10, lambda found: found, 'it is no protobuf message'),
        (b'\x08\x01', lambda found: found.text(1), 'a number stands where a message'),
        (b'\x08\x01', lambda found: found.floats(1), 'a number stands where a message'),
        (b'\x0a\x03abc', lambda found: found.floats(1), 'ends within one'),
        (b'\x0a\x01\xff', lambda found: found.text(1), "can't decode"),
        (b'\x0a\x01\xff', lambda found: found.whole(1), 'it ends too early'),
        (b'\x08\x01' * ((1 << 20) + 1), lambda found: found, 'more than 1048576 fields'),
        (b'\x0a\x81\x80\x40' + b'\x01' * ((1 << 20) + 1), lambda found: found.whole(1), 'numbers'),
    ],
)
def test_what_is_no_such_message_is_a_value_error(data, look, message):
    with pytest.raises(ValueError, match=message):
        look(Message(data))


def test_all_messages_of_a_file_have_a_limit(monkeypatch):
    """Or a gigabyte of the smallest fields would take minutes."""
    monkeypatch.setattr(protobuf, '_MOST_IN_ALL', 30)
    found = Message(b'\x0a\x14' + b'\x08\x01' * 10 + b'\x0a\x14' + b'\x08\x01' * 10)
    assert len([*found.messages(1)]) == 2
    with pytest.raises(ValueError, match='it has more than 30 fields'):
        found.message(1)


def test_messages_in_messages_have_a_limit():
    data = b''
    for _ in range(MOST_NESTING + 2):
        data = onnx.StringStringEntryProto(key='x').SerializeToString() + (
            b'\x1a' + _length(len(data)) + data
        )
    found = Message(data)
    for _ in range(MOST_NESTING):
        found = found.message(3)
    with pytest.raises(ValueError, match='nested more than 32 deep'):
        found.message(3)


def _length(size):
    return bytes([size & 127 | 128, size >> 7])

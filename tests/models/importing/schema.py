"""Classes of protobuf messages from a .proto file, without protoc: enough of proto2 and proto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_WORDS = re.compile(r'//[^\n]*|/\*.*?\*/|("[^"]*"|[-\w.]+|[{}=;\[\],<>])', re.DOTALL)
_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    name: getattr(_FIELD, f'TYPE_{name.upper()}')
    for name in (
        'float',
        'double',
        'int32',
        'int64',
        'uint32',
        'uint64',
        'bool',
        'string',
        'bytes',
    )
}
_LABELS = {
    'optional': _FIELD.LABEL_OPTIONAL,
    'repeated': _FIELD.LABEL_REPEATED,
    'required': _FIELD.LABEL_REQUIRED,
}


def messages(path: Path) -> Any:
    """Return an object with the class of each message of a file, by its name."""
    words = iter([match[1] for match in _WORDS.finditer(path.read_text('utf-8')) if match[1]])
    file = descriptor_pb2.FileDescriptorProto(name=path.name)
    for word in words:
        if word == 'syntax':
            file.syntax = [*_until(words, ';')][1].strip('"')
        elif word == 'package':
            file.package = next(words)
        elif word == 'message':
            _message(words, file.message_type.add())
        elif word == 'enum':
            _enum(words, file.enum_type.add())
    _name_types(file)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file) if hasattr(pool, 'Add') else pool.AddSerializedFile(file.SerializeToString())
    prefix = f'{file.package}.' if file.package else ''
    made = {
        item.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f'{prefix}{item.name}')
        )
        for item in file.message_type
    }
    return type('Messages', (), made)


def _until(words: Iterator[str], end: str) -> Iterator[str]:
    for word in words:
        if word == end:
            return
        yield word


def _enum(words: Iterator[str], enum: Any) -> None:
    enum.name = next(words)
    next(words)
    given = [*_until(words, '}')]
    for at, word in enumerate(given):
        if word == '=':
            enum.value.add(name=given[at - 1], number=int(given[at + 1]))


def _message(words: Iterator[str], message: Any) -> None:
    message.name = next(words)
    next(words)
    for word in words:
        if word == '}':
            return
        if word == 'message':
            _message(words, message.nested_type.add())
        elif word == 'enum':
            _enum(words, message.enum_type.add())
        elif word == 'oneof':
            message.oneof_decl.add(name=next(words))
            next(words)
            for kind in _until(words, '}'):
                field = message.field.add(oneof_index=len(message.oneof_decl) - 1)
                _field(kind, [*_until(words, ';')], field)
        elif word == 'map':
            _map([*_until(words, ';')], message)
        elif word in _LABELS:
            kind = next(words)
            _field(kind, [*_until(words, ';')], message.field.add(label=_LABELS[word]))
        elif word != ';':  # a field of proto3, which needs no label
            _field(word, [*_until(words, ';')], message.field.add())


def _map(words: list[str], message: Any) -> None:
    """Add `< key , value > name = number`, which is a list of messages with those two fields."""
    _, key, _, value, _, name, _, number = words
    entry = message.nested_type.add(name=f'{name.capitalize()}Entry')
    entry.options.map_entry = True
    for at, kind in enumerate((key, value), 1):
        _field(kind, [('key', 'value')[at - 1], '=', str(at)], entry.field.add())
    field = message.field.add(label=_FIELD.LABEL_REPEATED)
    _field(entry.name, [name, '=', number], field)


def _field(kind: str, words: list[str], field: Any) -> None:
    field.name, field.number = words[0], int(words[2])
    if not field.HasField('label'):
        field.label = _FIELD.LABEL_OPTIONAL
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type_name = kind
    for at, word in enumerate(words):
        if word == 'packed':
            field.options.packed = words[at + 2] == 'true'
        elif word == 'default':
            field.default_value = words[at + 2].strip('"')


def _name_types(file: Any) -> None:
    """Give each field of another type that type's whole name, and say whether it is an enum."""
    enums, known = set(), set()

    def walk(items: Any, outer: str) -> None:
        for item in items:
            name = f'{outer}.{item.name}'
            known.add(name)
            for enum in item.enum_type:
                enums.add(f'{name}.{enum.name}')
            walk(item.nested_type, name)

    root = f'.{file.package}' if file.package else ''
    enums.update(f'{root}.{enum.name}' for enum in file.enum_type)
    walk(file.message_type, root)

    def resolve(items: Any, outer: str) -> None:
        for item in items:
            inner = f'{outer}.{item.name}'
            for field in item.field:
                if not field.type_name:
                    continue
                scopes = [inner.rsplit('.', cut)[0] for cut in range(inner.count('.') + 1)]
                places = [f'{scope}.{field.type_name}' for scope in (inner, *scopes)]
                field.type_name = next(place for place in places if place in enums | known)
                is_enum = field.type_name in enums
                field.type = _FIELD.TYPE_ENUM if is_enum else _FIELD.TYPE_MESSAGE
            resolve(item.nested_type, inner)

    resolve(file.message_type, root)

"""
Pickles of tensors, read without ever calling what a file names.

A pickle is a program. This runs only the steps of it that a dict of tensors needs, and has a mere
name where a file names a class or function. Of those it knows the ones that torch/_utils.py and
torch/storage.py put there, and computes what they stand for itself. pickle's own Unpickler would
do with a `find_class`, but for its memory: the memo of its C code grows to any index that a file
has, and keys that are tuples of tuples are hashed for hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import io
import pickletools
from typing import Any

MOST_STEPS = 1 << 20  # of one pickle; a checkpoint of 400 tensors and an optimiser has 20,000
DTYPES = {
    'FloatStorage': '<f4',
    'HalfStorage': '<f2',
    'BFloat16Storage': '<u2',  # the upper half of a float32
    'DoubleStorage': '<f8',
    'LongStorage': '<i8',
    'IntStorage': '<i4',
    'ShortStorage': '<i2',
    'CharStorage': '<i1',
    'ByteStorage': '<u1',
    'BoolStorage': '<u1',
}
_MARK = object()


@dataclass(frozen=True)
class Name:
    """A class or function that a file names: `module.name`."""

    text: str


@dataclass(frozen=True)
class Storage:
    """
    Where the numbers of a tensor lie.

    Attributes
    ----------
    key : str
        Of the bytes in the file.
    kind : str
        A key of `DTYPES`.
    count : int
        Of its numbers.

    """

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """Numbers of a storage: the first at `offset`, `stride` apart along each axis."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def unpickle(file: io.BytesIO, storages: dict[str, Storage] | None = None) -> Any:
    """
    Read one pickle, from where a file stands to its end.

    Parameters
    ----------
    file : BytesIO
        Stands behind the pickle afterwards.
    storages : dict of str to Storage, optional
        Gets those that the pickle refers to, by their keys.

    Returns
    -------
    dict, list, tuple, str, int, float, bool, None or Tensor
        What is in it, in any nesting.

    Raises
    ------
    ValueError
        If it is none, or names anything but dicts and tensors.

    """
    machine = _Machine({} if storages is None else storages)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count > MOST_STEPS:
                raise ValueError(f'a pickle has more than {MOST_STEPS} steps')
            if opcode.name == 'STOP':
                return machine.pop()
            machine.step(opcode.name, argument)
    except (IndexError, KeyError, TypeError, OverflowError) as exc:
        raise ValueError('it is no whole pickle') from exc
    raise ValueError('it is no whole pickle')


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, storages: dict[str, Storage]) -> None:
        self._storages = storages
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """Return what is on top, and take it away."""
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError('it is no whole pickle')
        return value

    def step(self, name: str, argument: Any) -> None:
        """Do one step."""
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            self._stack.append(argument)
        elif name in _MAKERS:
            self._stack.append(_MAKERS[name]())
        elif name in _PUTS:
            at = len(self._memo) if name == 'MEMOIZE' else argument
            self._memo[at] = self._stack[-1]
        elif name in _GETS:
            self._stack.append(self._memo[argument])
        elif name in _TUPLES:
            parts = [self.pop() for _ in range(_TUPLES[name])]
            self._stack.append(tuple(reversed(parts)))
        elif name in _STEPS:
            _STEPS[name](self)
        elif name == 'GLOBAL':
            self._stack.append(_known('.'.join(argument.split(' ', 1))))
        elif name not in ('PROTO', 'FRAME'):
            raise ValueError(f'it holds more than tensors (the step {name}){_ALONE}')

    def _items(self) -> list[Any]:
        items = []
        while (value := self._stack.pop()) is not _MARK:
            items.append(value)
        return items[::-1]

    def _tuple(self) -> None:
        self._stack.append(tuple(self._items()))

    def _append(self, *, many: bool) -> None:
        items = self._items() if many else [self.pop()]
        if not isinstance(self._stack[-1], list):
            raise ValueError('it is no whole pickle')
        self._stack[-1].extend(items)

    def _set(self, *, many: bool) -> None:
        items = self._items() if many else [self.pop(), self.pop()][::-1]
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError('it is no whole pickle')
        for key, value in zip(items[::2], items[1::2]):
            if not isinstance(key, (str, int, float)):  # a tuple of tuples takes ages to hash
                raise ValueError('a key of a dict is neither text nor a number')
            target[key] = value

    def _name(self) -> None:
        name, module = self.pop(), self.pop()
        self._stack.append(_known(f'{module}.{name}'))

    def _call(self) -> None:
        arguments, called = self.pop(), self.pop()
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise ValueError('it is no whole pickle')
        self._stack.append(_FUNCTIONS[called.text](*arguments))

    def _build(self) -> None:
        """Leave out the attributes of a dict: notes on versions of modules."""
        self.pop()
        if not isinstance(self._stack[-1], dict):
            raise ValueError(f'it holds more than tensors{_ALONE}')

    def _persistent(self) -> None:
        given = self.pop()
        is_storage = isinstance(given, tuple) and len(given) in (5, 6) and given[0] == 'storage'
        if not is_storage or given[5:] not in ((), (None,)):
            raise ValueError('it refers to something that is no storage of numbers')
        _, kind, key, _, count = given[:5]
        short = kind.text.rpartition('.')[2] if isinstance(kind, Name) else ''
        if short not in DTYPES or not isinstance(key, str) or not _is_count(count):
            raise ValueError('it refers to something that is no storage of numbers')
        storage = Storage(key, short, count)
        if self._storages.setdefault(key, storage) != storage:
            raise ValueError(f"it has two storages of the key '{key[:40]}'")
        self._stack.append(storage)


_ALONE = "; save the weights alone: torch.save(net.state_dict(), 'net.pth')"


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _known(text: str) -> Name:
    """Return a name that is known, or refuse it: what a file names is never looked up."""
    module, _, name = text.rpartition('.')
    is_storage = module in ('torch', 'torch.cuda') and name in DTYPES
    if not is_storage and text not in _FUNCTIONS:
        raise ValueError(f'it holds {text[:80]}{_ALONE}')
    return Name(text)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> Tensor:
    """Stand for torch._utils._rebuild_tensor and _rebuild_tensor_v2."""
    is_whole = isinstance(storage, Storage) and _is_count(offset)
    for sizes in (shape, stride):
        is_whole = is_whole and isinstance(sizes, tuple) and all(map(_is_count, sizes))
    if not is_whole or len(shape) != len(stride):
        raise ValueError('a tensor in it is none')
    return Tensor(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> Tensor:
    """Stand for torch._utils._rebuild_parameter."""
    if not isinstance(data, Tensor):
        raise ValueError('a tensor in it is none')
    return data


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    'collections.OrderedDict': lambda *arguments: _empty(arguments),
    'torch._utils._rebuild_tensor': _tensor,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch._utils._rebuild_parameter': _parameter,
}


def _empty(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if arguments not in ((), ([],)):
        raise ValueError('it is no whole pickle')
    return {}


_CONSTANTS = {'MARK': _MARK, 'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False}
# fmt: off
_VALUES = frozenset((
    'BININT', 'BININT1', 'BININT2', 'INT', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT',
    'BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8', 'UNICODE', 'BINSTRING', 'SHORT_BINSTRING',
    'STRING', 'BINBYTES', 'SHORT_BINBYTES',
))
# fmt: on
_MAKERS: dict[str, Callable[[], Any]] = {'EMPTY_DICT': dict, 'EMPTY_LIST': list}
_PUTS = frozenset(('PUT', 'BINPUT', 'LONG_BINPUT', 'MEMOIZE'))
_GETS = frozenset(('GET', 'BINGET', 'LONG_BINGET'))
_TUPLES = {'EMPTY_TUPLE': 0, 'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}
_STEPS: dict[str, Callable[[_Machine], None]] = {
    'TUPLE': _Machine._tuple,
    'APPEND': lambda machine: machine._append(many=False),
    'APPENDS': lambda machine: machine._append(many=True),
    'SETITEM': lambda machine: machine._set(many=False),
    'SETITEMS': lambda machine: machine._set(many=True),
    'STACK_GLOBAL': _Machine._name,
    'REDUCE': _Machine._call,
    'BUILD': _Machine._build,
    'BINPERSID': _Machine._persistent,
}

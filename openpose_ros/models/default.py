"""Which network runs where none is named: the best that the machine runs at a camera's pace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from openpose_ros.errors import ModelError

GPU, CPU = 'gpu', 'cpu'
INT8_SUFFIX = '-int8'
BASE, SMALL = 'openpose-ros-base', 'openpose-ros-small'
# Instructions that multiply and add int8, as Linux calls them: x86's, then those of 64-bit ARM.
# Without them int8 takes about as long as float32, and the larger network too long.
INT8_FLAGS = frozenset({'avx512_vnni', 'avx_vnni', 'amx_int8', 'asimddp', 'i8mm'})
_FACTS = Path('/proc/cpuinfo')


def default_name(device: str, cpu_flags: Iterable[str] = ()) -> str:
    """
    Return the name of the network that a device runs where none is named.

    Parameters
    ----------
    device : str
        'gpu' or 'cpu': what runs it.
    cpu_flags : iterable of str
        What the processor can do, as `processor_flags` has it, or the line of it in
        /proc/cpuinfo; none if that is not known.

    Raises
    ------
    ModelError
        If there is no such device.

    """
    return _choose(device, cpu_flags)[0]


def why_default(device: str, cpu_flags: Iterable[str] = ()) -> str:
    """Return the reason for what `default_name` returns of the same arguments, as a clause."""
    return _choose(device, cpu_flags)[1]


def _choose(device: str, cpu_flags: Iterable[str]) -> tuple[str, str]:
    if device == GPU:
        return BASE, 'a GPU runs it'
    if device != CPU:
        raise ModelError(f"no device '{device}'; choose from {GPU}, {CPU}")
    flags = cpu_flags.split() if isinstance(cpu_flags, str) else cpu_flags
    able = sorted(INT8_FLAGS.intersection(flags))
    if able:
        return BASE + INT8_SUFFIX, f'a CPU with instructions for int8 runs it ({", ".join(able)})'
    return SMALL + INT8_SUFFIX, 'a CPU without known instructions for int8 runs it'


def float32_name(name: str) -> str:
    """Return the name of the float32 form of a network of the package."""
    return name.removesuffix(INT8_SUFFIX)


def processor_flags() -> frozenset[str]:
    """Return what this machine's first processor says that it can do; empty if nothing is."""
    try:
        facts = _FACTS.read_text(encoding='utf-8', errors='replace')
    except OSError:  # not Linux
        return frozenset()
    for line in facts.splitlines():
        name, _, value = line.partition(':')
        if name.strip() in ('flags', 'Features'):  # x86, ARM
            return frozenset(value.split())
    return frozenset()

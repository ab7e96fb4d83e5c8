"""Ask programs and other Python processes, which may crash, hang or not be there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from openpose_ros.children import ends_with_us

PATIENCE_S = 60.0  # imports from the SD card of a small board take their time
_MARK = 'facts: '
# The parent's path, so that a numpy.py in the current folder counts if and only if it does for
# us. An exception becomes its first line; those of this package are sentences already.
_PROGRAM = """
import sys
sys.path[:] = {path!r}
def complain(kind, error, trace):
    line = (str(error).strip().splitlines() or [''])[0]
    ours = kind.__module__.startswith('openpose_ros')
    print(line if ours else kind.__name__ + ': ' + line, file=sys.stderr)
sys.excepthook = complain
{code}
import json
print()
print({mark!r} + json.dumps(facts))
"""


class Answer(NamedTuple):
    """
    What a process answered.

    Attributes
    ----------
    facts : dict
        What it told; empty where it failed.
    trouble : str
        Why it failed, in one line; '' where it did not.
    errors : str
        All it wrote to stderr.

    """

    facts: dict[str, Any]
    trouble: str
    errors: str


def ask_python(code: str, patience_s: float | None = None) -> Answer:
    """Run Python code that sets `facts`, a dict, with this interpreter and its path."""
    program = _PROGRAM.format(path=sys.path, code=code, mark=_MARK)
    output, trouble, errors = run([sys.executable, '-c', program], patience_s or PATIENCE_S)
    told = [line for line in output.splitlines() if line.startswith(_MARK)]
    if trouble or not told:
        return Answer({}, trouble or 'it ended without an answer', errors)
    return Answer(json.loads(told[-1][len(_MARK) :]), '', errors)


def run(command: Sequence[str], patience_s: float) -> tuple[str, str, str]:
    """
    Run a command to its end, or kill it and all that it started.

    Its output goes through files: a pipe that a killed command's child still holds would never
    end. Who cannot even be killed, because a driver hangs, is left alone.

    Returns
    -------
    output, trouble, errors : str
        What it wrote to stdout, why it failed ('' if not), what it wrote to stderr.

    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                preexec_fn=ends_with_us(signal.SIGKILL),  # whatever becomes of this process
            )
        except OSError as exc:
            return '', f'{command[0]} cannot be started: {exc.strerror}', ''
        trouble = ''
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            trouble = f'no answer within {patience_s:g} s'
        finally:
            if process.returncode is None:
                _kill(process)
        written = [_text(file) for file in (output, errors)]
    if not trouble and process.returncode:
        trouble = _reason(process.returncode, written[1])
    return written[0], trouble, written[1]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read(), 'utf-8', 'replace')


def _reason(status: int, errors: str) -> str:
    """Say why a process failed, from its exit status and what it wrote to stderr."""
    said = [line.strip() for line in errors.splitlines() if line.strip()]
    missing = missing_libraries(errors)
    if missing:
        return f'it needs {", ".join(missing)}, which cannot be found'
    if status < 0:
        return f'it crashes ({signal.Signals(-status).name})'
    return said[-1] if said else f'exit status {status}'


def missing_libraries(errors: str) -> list[str]:
    """Return the shared libraries that the dynamic linker could not find, each once."""
    found = re.findall(r'([\w.+-]+\.so[\w.]*): cannot open shared object', errors)
    return list(dict.fromkeys(found))

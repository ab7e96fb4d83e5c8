"""The networks that are here, and what would run the one that is asked for."""

from __future__ import annotations

import logging
from shlex import quote

from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.checks.probe import ask_python
from openpose_ros.commands import command
from openpose_ros.errors import ModelError
from openpose_ros.models import list_models, load_model
from openpose_ros.models.finding import model_folders

TRIAL_PATIENCE_S = 240.0  # where Numba's cache cannot be written, a small board compiles a while
_TRIAL = 'from openpose_ros.cli.checks.trial import try_estimate\nfacts = try_estimate({model!r})'


def check_models() -> list[Finding]:
    """Return every network that is here, compared with its sha256, and how many are not."""
    told = _Messages()
    logger = logging.getLogger(list_models.__module__)
    logger.addHandler(told)
    try:
        models = list_models()
    finally:
        logger.removeHandler(told)
    findings = [
        Finding('model folder', 'warning', f'{folder} of OPENPOSE_ROS_MODEL_PATH is not there')
        for folder in model_folders()[:-2]  # the last two are ours
        if not folder.is_dir()
    ]
    findings += [Finding('model', 'warning', line) for line in told.lines]
    for spec in models:
        if spec.path is None:
            continue
        try:
            load_model(spec.path)
        except ModelError as exc:
            fix = f'rm {quote(str(spec.path))} && {command(f"models fetch {spec.name}")}'
            findings.append(
                Finding(spec.name, 'broken', str(exc), fix if spec.is_published else '')
            )
        else:
            findings.append(Finding(spec.name, 'ok', f'{spec.path}, sha256 {spec.sha256[:12]}'))
    absent = [spec for spec in models if spec.path is None]
    if len(absent) == len(models):
        best = absent[0]
        fix = command(f'models fetch {best.name}') if best.is_published else ''
        return [*findings, Finding('models', 'missing', 'none is here', fix)]
    if absent:
        names = ', '.join(spec.name for spec in absent)
        findings.append(Finding('models', 'missing', f'not here: {names}'))
    return findings


def check_estimate(model: str | None) -> list[Finding]:
    """Find people in a black picture, with what the backend `auto` takes for the model."""
    facts, trouble, _ = ask_python(_TRIAL.format(model=model), TRIAL_PATIENCE_S)
    if trouble:
        return [Finding('estimate', 'broken', trouble)]
    why = f' ({facts["why"]})' if facts['why'] else ''
    default = f', the default as {facts["default"]},' if facts['default'] else ''
    found = f'{facts["model"]}{default} runs with {facts["engine"]}{why}'
    if facts['warnings']:
        return [Finding('estimate', 'warning', f'{found}, but: {facts["warnings"]}')]
    return [Finding('estimate', 'ok', found)]


class _Messages(logging.Handler):
    """Keeps what is logged instead of showing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

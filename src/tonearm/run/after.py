"""The command of the owner's choice that follows a run, such as one that publishes."""

from __future__ import annotations

import os
import shlex
import subprocess

from tonearm.errors import AfterRunFailed
from tonearm.home.confirming import is_confirmed
from tonearm.settings import Settings

STDERR = 2


def after_run(settings: Settings) -> bool:
    """Start the command that the setting ``after_run`` names and wait for its end; whether there is one.

    What it prints goes where our own remarks go, so that an answer in JSON stays one. One that came with a backup is
    not started before it is confirmed. Raises AfterRunFailed.
    """
    if not settings.after_run:
        return False
    if not is_confirmed(settings):
        raise AfterRunFailed(
            "the command of the setting after_run came with a backup and was not started; the run before it is done. "
            f"If it is yours, `tonearm run --confirm-after-run` starts it from now on: {settings.after_run}"
        )
    try:
        command = shlex.split(settings.after_run)
        environment = {**os.environ, "TONEARM_HOME": str(settings.home)}
        ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=STDERR)  # noqa: S603 - the owner's own
    except (ValueError, OSError) as error:
        raise AfterRunFailed(f"the setting after_run cannot be started ({error}): {settings.after_run}") from error
    if ended.returncode:
        raise AfterRunFailed(
            f"the command of the setting after_run ended with {ended.returncode}, so what it publishes may be old; "
            f"the run before it is done: {settings.after_run}"
        )
    return True

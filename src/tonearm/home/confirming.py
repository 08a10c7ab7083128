"""A command that came with a backup: it is not started before the home's owner confirms that it is theirs."""

from __future__ import annotations

from pathlib import Path

from tonearm.settings import Settings


def ask_to_confirm(settings: Settings) -> None:
    """Have the command in ``after_run``, if there is one, wait for :func:`confirm`."""
    if settings.after_run:
        _unconfirmed(settings).write_text(settings.after_run, encoding="utf-8")


def is_confirmed(settings: Settings) -> bool:
    """Whether the command in ``after_run`` may be started: a restored one only when confirmed, any other at once."""
    try:
        return _unconfirmed(settings).read_text(encoding="utf-8") != settings.after_run
    except FileNotFoundError:
        return True


def confirm(settings: Settings) -> None:
    """Let ``tonearm run`` start the command from now on."""
    _unconfirmed(settings).unlink(missing_ok=True)


def _unconfirmed(settings: Settings) -> Path:
    return settings.home / "after_run.unconfirmed"

"""Every error tonearm raises on purpose.

    TonearmError                 exit code
    ├── UsageError               2   the request cannot be carried out as given
    │   ├── UnknownName          2   a table, listener, run, zone or model that does not exist
    │   ├── Conflict             2   what is asked for clashes with what is there
    │   └── NotRegistered        2   a version or alias missing from the model registry
    ├── InputError               3   a file or row that cannot be read
    │   ├── UnknownKind          3   no source recognises the file
    │   └── ArchiveRefused       3   an archive over a limit, or damaged
    ├── TableInvalid             4   a table broke its own rules; its old version is kept
    ├── HomeBusy                 5   another process is writing to this home
    ├── HomeUnusable             6   no space, no permission, or not a tonearm home
    ├── EngineMissing            7   the engine asked for is not installed, or did not start
    ├── ExtraMissing             7   a part that is installed as an extra
    ├── NotEnoughData            8   a model has too little to learn from
    ├── Leak                     1   a split would train a model on its test data
    ├── ModelDamaged             6   a model's files differ from those registered
    │   └── ModelOutdated        6   a model was written in another layout
    ├── RegistryUnreachable      6   the model registry does not answer
    ├── RunFailed                4   a run could not bring every table up to date
    ├── AfterRunFailed           9   the command that follows a run failed; the run itself did not
    ├── ServiceRefused           10  another service refuses: its owner must connect again, or allow it
    └── ServiceUnavailable       11  another service does not answer, or asks to be left alone for a while

A message says what happened, to what, and what to do about it. Any other exception that reaches the command
line is a bug in tonearm and ends with exit code 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_NAME = 100
"""Characters of a wrong name that are repeated in a message."""


class TonearmError(Exception):
    """Any expected failure; its text can be shown to a user as it is."""

    exit_code = 1


class UsageError(TonearmError):
    """The request cannot be carried out as given."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that does not exist; the message suggests the closest ones that do."""

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        """Compose the message, e.g. ``no table 'top_trakcs'; did you mean top_tracks_by_mood?``"""
        self.what, self.name = what, name
        name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        known = list(known)
        lowered = {k.lower(): k for k in known}
        near = [lowered[n] for n in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)]
        parts = [f"no {what} '{name}'"]
        if near:
            parts.append(f"did you mean {' or '.join(near)}?")
        elif hint:
            parts.append(hint)
        super().__init__("; ".join(parts))


class Conflict(UsageError):
    """What is asked for clashes with what is there already."""


class InputError(TonearmError):
    """A file or row that cannot be read."""

    exit_code = 3


class UnknownKind(InputError):
    """No source recognises the file's content."""


class ArchiveRefused(InputError):
    """An archive that is damaged, or larger than the limits allow."""


class TableInvalid(TonearmError):
    """A table broke its own rules; the version before it is kept."""

    exit_code = 4

    def __init__(self, table: str, problems: list[str]) -> None:
        """Join ``problems`` into one message about ``table``."""
        self.table, self.problems = table, problems
        super().__init__(f"table {table} was not replaced: " + "; ".join(problems))


class HomeBusy(TonearmError):
    """Another process is writing to this home."""

    exit_code = 5


class HomeUnusable(TonearmError):
    """The home folder has no space, no permission, or holds something else."""

    exit_code = 6


class EngineMissing(TonearmError):
    """The engine asked for is not installed, or did not start."""

    exit_code = 7


class ExtraMissing(TonearmError):
    """A part of tonearm that is installed as an extra, such as its models."""

    exit_code = 7

    def __init__(self, what: str, extra: str) -> None:
        """Compose the sentence, e.g. ``the page is not installed: pip install 'tonearm[lab]'``."""
        super().__init__(f"{what} not installed: pip install 'tonearm[{extra}]'")


class NotRegistered(UsageError):
    """A model that was never trained, or a version or alias missing from the registry."""


class NotEnoughData(TonearmError):
    """Too little data to fit a model: how much there is, and how much is needed."""

    exit_code = 8

    def __init__(self, model: str, there_is: str, needs: str) -> None:
        """Compose the message, e.g. ``next_mood needs 150 measured listens; there are 12``."""
        self.model, self.there_is, self.needs = model, there_is, needs
        super().__init__(f"{model} needs {needs}; there {there_is}")


class Leak(TonearmError):
    """A split that would train a model on its test data."""


class ModelDamaged(TonearmError):
    """A model's files are not those that were registered."""

    exit_code = 6


class ModelOutdated(ModelDamaged):
    """A model's files are of another layout, which a version of tonearm before or after this one wrote."""


class RegistryUnreachable(TonearmError):
    """The model registry's database or server does not answer."""

    exit_code = 6


class RunFailed(TonearmError):
    """A run could not bring every table up to date; the others are."""

    exit_code = 4


class AfterRunFailed(TonearmError):
    """The command that follows a run did not start or failed; the run itself is done."""

    exit_code = 9


class ServiceRefused(TonearmError):
    """Another service refuses what it was asked, and will until somebody changes something."""

    exit_code = 10


class ServiceUnavailable(TonearmError):
    """Another service does not answer, fails, or asks to wait; later it may do."""

    exit_code = 11

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        """``wait_s`` is for how long the service asks to be left alone; None where it does not say."""
        super().__init__(message)
        self.wait_s = wait_s

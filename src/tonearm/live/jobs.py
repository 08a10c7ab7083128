"""The jobs of the schedule: what each does, and how often unless it is set otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tonearm.errors import AfterRunFailed, RunFailed, UnknownName, UsageError
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.connections import connections

Perform = Callable[[Settings, Store, datetime], str | None]
"""Does the job at an instant; returns a sentence about what it did. Raises TonearmError where it cannot be done."""

RUN, BACKUP, FEATURES, SYNC = "run", "backup", "features", "sync"
_EVERY = timedelta(hours=6)
_SYNC_EVERY = {"spotify": timedelta(hours=1)}
"""Spotify gives the last 50 plays, some three hours of music; the other services give whole histories."""
_DAILY = timedelta(days=1)
_PREFIX, _SUFFIX = "tonearm-", ".tar.gz"


@dataclass(frozen=True)
class Job:
    """Something that is done at intervals."""

    name: str
    every: timedelta
    """Unless it is set otherwise."""
    does: str
    perform: Perform


def jobs(settings: Settings, store: Store) -> dict[str, Job]:
    """Every job that there is in this home, by name: and those of the household."""
    return {job.name: job for job in _jobs(settings, store)}


def find_job(settings: Settings, store: Store, name: str) -> Job:
    """The job called ``name``; raises UnknownName."""
    known = jobs(settings, store)
    if name not in known:
        raise UnknownName("scheduled job", name, known, hint=f"there are {', '.join(known)}")
    return known[name]


def _jobs(settings: Settings, store: Store) -> Iterator[Job]:
    for one in connections(store):
        name = f"{SYNC}:{one.listener}/{one.kind}"
        every = _SYNC_EVERY.get(one.kind, _EVERY)
        yield Job(name, every, f"pull what is new of {one.account} from {one.kind}", _sync(one.number))
    yield Job(RUN, _EVERY, "import what waits, build, predict", _run)
    if settings.fetch_features:
        yield Job(FEATURES, _DAILY, "fetch measured audio features of heard tracks", _features)
    if settings.backup_folder:
        yield Job(BACKUP, _DAILY, f"back the home up into {settings.backup_folder}", _back_up)


def _sync(number: int) -> Perform:
    """The job that pulls one connection; the listens wait in the store like those that clients submit."""

    def sync(settings: Settings, store: Store, now: datetime) -> str | None:
        # A look at the schedule needs none of what importing loads.
        from tonearm.ingest.submissions import import_submissions
        from tonearm.pulls import failure, sync_once

        one = next((one for one in connections(store) if one.number == number), None)
        if one is None:
            return "not connected any more"
        pulled = sync_once(settings, store, one, now)
        import_submissions(settings, store)
        if pulled.problem:
            raise failure(pulled.problem, pulled.exit_code)
        return f"{pulled.listens:,} new listens" + (f"; {pulled.hole}" if pulled.hole else "")

    return sync


def _features(settings: Settings, store: Store, now: datetime) -> str | None:
    from tonearm.pulls import failure
    from tonearm.pulls.reccobeats import fetch_features

    fetched = fetch_features(settings, store, now)
    if fetched.problem:
        raise failure(f"{fetched.problem}; {fetched.left:,} tracks are left for the next time", fetched.exit_code)
    return f"{fetched.found:,} of {fetched.asked:,} tracks were known"


def _run(settings: Settings, store: Store, now: datetime) -> str | None:
    # Building and predicting load libraries that a look at the schedule does not need.
    from tonearm.run import run_once

    run = run_once(settings)
    kept = sum(file.kept for file in run.files)
    parts = [f"{kept:,} listens came in"] if kept else []
    parts += [f"{len(run.built.changed)} tables changed"] if run.built.changed else []
    parts += [f"{len(run.failed)} tables failed"] if run.failed else []
    parts += [run.problem] if run.problem else []
    if run.failed:
        raise RunFailed("; ".join(parts))
    if run.problem:
        raise AfterRunFailed("; ".join(parts))
    return ", ".join(parts) or "nothing was new"


def _back_up(settings: Settings, store: Store, now: datetime) -> str | None:
    from tonearm.store.backup import back_up

    folder = Path(settings.backup_folder).expanduser()
    if not folder.is_absolute():
        raise UsageError(f"the setting backup_folder must be an absolute path, not {settings.backup_folder}")
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{_PREFIX}{now:%Y-%m-%d-%H%M%S}{_SUFFIX}"
    size = back_up(settings, archive)
    gone = old_backups([path.name for path in folder.iterdir()], settings.backups_kept)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return f"{archive.name}, {size / 1e6:,.1f} MB" + (f"; {len(gone)} older removed" if gone else "")


def old_backups(names: list[str], kept: int) -> list[str]:
    """Of the files called ``names`` the backups that the schedule made, without the newest ``kept``; no others."""
    return made_backups(names)[:-kept]


def made_backups(names: list[str]) -> list[str]:
    """Of the files called ``names`` the backups that the schedule made, oldest first."""
    return sorted(name for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX) and _is_dated(name))


def _is_dated(name: str) -> bool:
    try:
        datetime.strptime(name[len(_PREFIX) : -len(_SUFFIX)], "%Y-%m-%d-%H%M%S")
    except ValueError:
        return False
    return True

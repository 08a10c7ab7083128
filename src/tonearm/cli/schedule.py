"""``tonearm schedule``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, with_options
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.store import Store
    from tonearm.store.schedules import Pass, Schedule

_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_LEAST_S, _MOST_S = 60, 366 * 86_400
_POLITE = 10
"""Niceness of a job that nobody waits for."""
_NOTHING = "nothing is scheduled before there is a history: `tonearm import PATH` brings one in"


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm schedule
  tonearm schedule set run --every 2h
  tonearm schedule run backup
  tonearm schedule pause run
""",
)
@with_options
def schedule(context: Context) -> None:
    """List what is done at intervals: when it is due, and how it went last time.

    The jobs are done while `tonearm up` runs. A job that was due while the machine slept is done once when it wakes.
    """
    if click.get_current_context().invoked_subcommand is None:
        _list(context)


def _list(context: Context) -> None:
    from tonearm.live.jobs import jobs
    from tonearm.live.schedule import keep_planned
    from tonearm.store.schedules import schedules

    with context.open_store() as store:
        if not store.is_missing:
            keep_planned(context.settings, store, datetime.now(UTC))
        does = {name: job.does for name, job in jobs(context.settings, store).items()}
        found = schedules(store)
    if context.as_json:
        context.answer([{"job": one.name, "does": does.get(one.name), **_shown(one)} for one in found])
        return
    if not found:
        context.say(_NOTHING)
        return
    columns = ["job", "every", "due (UTC)", "last (UTC)", "outcome", "what it does"]
    context.grid("", columns, [_row(one, does.get(one.name, "")) for one in found])


def _shown(one: Schedule) -> dict[str, object]:
    return {"every_s": one.every_s, "due_at": one.due_at, "is_paused": one.is_paused, "last": one.last}


def _row(one: Schedule, does: str) -> list[object]:
    due = "paused" if one.is_paused else f"{one.due_at:%Y-%m-%d %H:%M}"
    last = one.last
    when = f"{last.started_at:%Y-%m-%d %H:%M}" if last else None
    return [one.name, in_words(one.every_s), due, when, _outcome(last), does]


def _outcome(last: Pass | None) -> str | None:
    if last is None:
        return None
    if last.outcome is None:
        return "under way"
    return f"{last.outcome}: {last.message}" if last.message else last.outcome


@schedule.command(
    "set", epilog="\b\nExamples:\n  tonearm schedule set run --every 2h\n  tonearm schedule set run --every 1d"
)
@click.argument("job")
@click.option("--every", required=True, metavar="TIME", help="Minutes, hours or days: 30m, 6h, 1d.")
@with_options
def set_(context: Context, job: str, every: str) -> None:
    """Do JOB at another interval."""
    from tonearm.store.schedules import set_every

    seconds = seconds_of(every)
    with _planned(context) as store:
        set_every(store, job, seconds, datetime.now(UTC))
    context.say(f"{job} is done every {in_words(seconds)}")
    if context.as_json:
        context.answer({"job": job, "every_s": seconds})


@schedule.command(epilog="\b\nExamples:\n  tonearm schedule pause run")
@click.argument("job")
@with_options
def pause(context: Context, job: str) -> None:
    """Leave JOB out until it is resumed."""
    _set_paused(context, job, True)


@schedule.command(epilog="\b\nExamples:\n  tonearm schedule resume run")
@click.argument("job")
@with_options
def resume(context: Context, job: str) -> None:
    """Do JOB again from its next time on."""
    _set_paused(context, job, False)


def _set_paused(context: Context, job: str, is_paused: bool) -> None:
    from tonearm.store.schedules import set_paused

    with _planned(context) as store:
        set_paused(store, job, is_paused)
    context.say(f"{job} is {'paused' if is_paused else 'done again from its next time on'}")
    if context.as_json:
        context.answer({"job": job, "is_paused": is_paused})


@schedule.command("run", epilog="\b\nExamples:\n  tonearm schedule run run\n  tonearm schedule run backup --json")
@click.argument("job")
@click.option("--if-due", is_flag=True, help="Only where it is due; the schedule starts jobs this way.")
@with_options
def run(context: Context, job: str, if_due: bool) -> None:
    """Do JOB now, or once another process that is doing it has ended.

    One that was killed counts as ended after 2 minutes. Exit code 5 where it goes on for longer than the setting
    `lock_wait_s`.
    """
    from tonearm.live.schedule import perform, perform_next
    from tonearm.store.schedules import passes

    if if_due:
        os.nice(_POLITE)
    # Without whose connection it is.
    context.counts = {"job": re.sub(":.*/", " ", job)}
    now = partial(datetime.now, UTC)
    with _planned(context) as store:
        if if_due:
            begun = perform(context.settings, store, job, now, only_due=True)
        else:
            begun = perform_next(context.settings, store, job, now, context.note)
        ended = next((one for one in passes(store, job) if begun and one.number == begun.number), None)
    context.counts |= {"outcome": ended.outcome, "message": ended.message} if ended else {"outcome": None}
    if ended is None:
        context.say(f"{job} is not due")
    else:
        context.say(f"{job}: {_outcome(ended)}")
    if context.as_json:
        context.answer(ended)


def seconds_of(text: str) -> float:
    """Seconds of a time such as 30m, 6h or 1d; raises UsageError."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([mhd])", text.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not _LEAST_S <= seconds <= _MOST_S:
        raise UsageError(f"--every takes a time from 1m to 366d, such as 30m, 6h or 1d; this is {text}")
    return seconds


def in_words(seconds: float) -> str:
    """The interval in the largest unit of which it is a whole number."""
    unit = next((unit for unit in ("d", "h") if seconds % _UNITS[unit] == 0), "m")
    return f"{seconds / _UNITS[unit]:g} {unit if unit != 'm' else 'min'}"


@contextmanager
def _planned(context: Context) -> Iterator[Store]:
    """The store, with every job that there is on the schedule."""
    from tonearm.live.schedule import keep_planned

    with context.open_store() as store:
        if store.is_missing:
            raise UsageError(_NOTHING)
        keep_planned(context.settings, store, datetime.now(UTC))
        yield store

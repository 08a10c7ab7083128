"""``tonearm demo``."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import click

from tonearm.cli.command import SEED, Context, command
from tonearm.cli.imports import show_report
from tonearm.cli.tables import build_with_progress, show_build
from tonearm.errors import UsageError

_EARLIEST, _LATEST = date(2005, 1, 1), date(2200, 1, 1)
"""The household's years are before its end, and listens before 2000 are taken for wrong."""


@command(
    epilog="""\b
Examples:
  tonearm demo
  tonearm --home /tmp/household demo --seed 7 --end 2026-01-01
"""
)
@click.option("--seed", type=SEED, default=1, show_default=True, help="Number that determines the household.")
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="First day after the history; today by default.",
)
def demo(context: Context, seed: int, end: datetime | None) -> None:
    """Fill an empty home with a simulated household, to see everything in a minute.

    Three invented listeners and a catalogue of invented tracks, written as the exports of Spotify, Last.fm and
    ListenBrainz and imported like any others. The same seed and end give the same household.
    """
    from tonearm.demo import fill_home

    last = (end or datetime.now(UTC)).date()
    if not _EARLIEST <= last <= _LATEST:
        raise UsageError(f"--end {last} is not between {_EARLIEST} and {_LATEST}, when histories are recorded")
    reports = fill_home(context.settings, seed, last, waiting=context.note)
    built = build_with_progress(context)
    if context.as_json:
        context.answer({"imports": reports, "seconds": built.seconds, "tables": built.tables})
    else:
        for report in reports:
            show_report(context, report, builds=True)
        show_build(context, built)
        context.say("next: `tonearm serve` shows the page")
    if built.failed:
        sys.exit(4)

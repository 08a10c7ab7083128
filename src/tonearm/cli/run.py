"""``tonearm run``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, progress
from tonearm.cli.imports import is_unreadable, show_report
from tonearm.cli.tables import show_build
from tonearm.errors import AfterRunFailed
from tonearm.models import is_installed

if TYPE_CHECKING:
    from tonearm.run import Run


@command(
    epilog="""\b
Examples:
  tonearm run
  tonearm run --full-retrain
  tonearm show runs
"""
)
@click.option("--full-retrain", is_flag=True, help="Train every model again, whether or not it is due.")
@click.option(
    "--confirm-after-run",
    is_flag=True,
    help="Let the command in the setting after_run start, which came with a backup.",
)
def run(context: Context, full_retrain: bool, confirm_after_run: bool) -> None:
    """Import what is in the inbox, build, predict, and report what changed.

    The inbox is the folder `inbox` of the home; files in `inbox/NAME/` are listener NAME's. What was imported is
    removed from it, or moved to `inbox/imported/` with the setting `keep_imported`, so a file is read once. The first
    run trains every model that has enough data; later ones predict from new listens without learning anything, and once
    a day from newly heard tracks. `tonearm models drift` shows when that is not enough. If anything changed, the
    command in the setting `after_run` is started. `tonearm show runs` lists earlier runs.
    """
    from tonearm.home.confirming import confirm
    from tonearm.run import run_once

    if confirm_after_run:
        confirm(context.settings)
    with progress(context) as shown:
        task = shown.add_task("importing", count="") if shown else None

        def report(step: str, name: str, done: int, total: int) -> None:
            if shown and task is not None:
                shown.update(
                    task, description=f"{step} {name}", completed=done, total=total, count=f"{done} of {total}"
                )

        one = run_once(context.settings, full_retrain, report, context.note)
    context.counts = one.counts
    if not context.as_json:
        _show(context, one)
    if one.problem:
        raise AfterRunFailed(one.problem)
    if context.as_json:
        predicted = one.predicted
        models = {"trained": predicted.trained, "scored": predicted.scored, "due": predicted.due}
        built = {"seconds": one.built.seconds, "tables": one.built.tables}
        context.answer({"imports": one.imports, **built, "models": models})
    if one.failed:
        sys.exit(4)
    if is_unreadable(one.files):
        sys.exit(3)


def _show(context: Context, one: Run) -> None:
    """Print what came in, what was built and what the models did."""
    inbox = context.settings.inbox
    for report in one.imports:
        show_report(context, report, builds=True)
    if any(file.problem for file in one.files):
        context.say(f"what could not be read is still in {inbox}; mend it or take it away")
    if not one.imports:
        context.say(f"nothing new in {inbox}")
    if one.built.changed:
        show_build(context, one.built)
    else:
        context.say("every table is up to date")
    if not is_installed():
        context.note("nothing is predicted: the models are not installed (pip install 'tonearm[models]')")
    if scored := one.predicted.scored:
        context.say(f"{len(scored)} models predicted: {sum(one.scores for one in scored):,} scores")
    if one.predicted.due and not one.predicted.trained:
        context.say(f"worth training again: {', '.join(one.predicted.due)} (`tonearm models drift` shows why)")
    if one.predicted.trained:
        from tonearm.cli.models import show_training

        show_training(context, one.predicted.trained)

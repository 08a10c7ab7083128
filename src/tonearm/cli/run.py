"""``tonearm run``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, progress
from tonearm.cli.imports import show_report
from tonearm.cli.tables import build_with_progress, show_build

if TYPE_CHECKING:
    from tonearm.run.predict import Foretold


@command(
    epilog="""\b
Examples:
  tonearm run
  tonearm run --full-retrain
"""
)
@click.option("--full-retrain", is_flag=True, help="Train every model anew, not just let it answer from what is new.")
def run(context: Context, full_retrain: bool) -> None:
    """Import what is in the inbox, build, let the models answer, and say what changed.

    The inbox is the folder `inbox` of the home; files in `inbox/NAME/` are listener NAME's. What was imported
    moves to `inbox/imported/`, so a file is read once. Trained models of listens answer anew without learning
    anything, and those of tracks once a day. `tonearm models drift` says when that is not enough. The command that the
    setting `after_run` names follows if a table changed.
    """
    from tonearm.ingest.inbox import import_inbox
    from tonearm.run.after import after_run

    reports = import_inbox(context.settings, waiting=context.note)
    files = [file for report in reports for file in report.files]
    built = build_with_progress(context)
    changed = [t for t in built.tables if t.action != "unchanged"]
    if not context.as_json:
        for report in reports:
            show_report(context, report, builds=True)
        if any(f.problem for f in files):
            context.say(f"what could not be read is still in {context.settings.inbox}; mend it or take it away")
        if not reports:
            context.say(f"nothing new in {context.settings.inbox}")
        if changed:
            show_build(context, built)
        else:
            context.say("every table is up to date")
    foretold = foretell_with_progress(context, full_retrain, bool(changed))
    if changed or foretold.trained:
        # Before the answer, of which there is one, be it that the command failed.
        after_run(context.settings)
    if context.as_json:
        models = {"trained": foretold.trained, "scored": foretold.scored, "due": foretold.due}
        context.answer({"imports": reports, "seconds": built.seconds, "tables": built.tables, "models": models})
    failed = [*built.failed, *(foretold.built.failed if foretold.built else [])]
    if failed:
        sys.exit(4)
    if files and all(f.problem for f in files):
        sys.exit(3)


def foretell_with_progress(context: Context, full_retrain: bool, is_new: bool = True) -> Foretold:
    """Train or score while a person sees how far it is, and say what came of it."""
    from tonearm.models import is_installed
    from tonearm.run.predict import Foretold, retrain, update

    if not is_installed():
        context.note("nothing is predicted: the models are not installed (pip install 'tonearm[models]')")
    if not full_retrain:
        foretold = update(context.settings, waiting=context.note) if is_new else Foretold()
        if foretold.scored:
            rows = sum(one.scores for one in foretold.scored)
            context.say(f"{len(foretold.scored)} models answered anew: {rows:,} scores")
        if foretold.due and not foretold.trained:
            context.say(f"worth training again: {', '.join(foretold.due)} (`tonearm models drift` says why)")
    else:
        with progress(context) as shown:
            task = shown.add_task("training", count="") if shown else None

            def tell(name: str, done: int, total: int) -> None:
                if shown and task is not None:
                    shown.update(task, description=name, completed=done, total=total, count=f"{done} of {total} models")

            foretold = retrain(context.settings, tell, context.note)
    if foretold.trained and not context.as_json:
        from tonearm.cli.models import show_training

        show_training(context, foretold.trained)
    return foretold

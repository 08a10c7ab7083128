"""``tonearm run``."""

from __future__ import annotations

import sys

from tonearm.cli.command import Context, command
from tonearm.cli.imports import show_report
from tonearm.cli.tables import build_with_progress, show_build


@command()
def run(context: Context) -> None:
    """Import what is in the inbox, build, and say what changed.

    The inbox is the folder `inbox` of the home; files in `inbox/NAME/` are listener NAME's. What was imported
    moves to `inbox/imported/`, so a file is read once.
    """
    from tonearm.inbox import import_inbox

    reports = import_inbox(context.settings, waiting=context.note)
    files = [file for report in reports for file in report.files]
    built = build_with_progress(context)
    if context.as_json:
        context.answer({"imports": reports, "seconds": built.seconds, "tables": built.tables})
    else:
        for report in reports:
            show_report(context, report, builds=True)
        if any(f.problem for f in files):
            context.say(f"what could not be read is still in {context.settings.inbox}; mend it or take it away")
        if not reports:
            context.say(f"nothing new in {context.settings.inbox}")
        changed = [t for t in built.tables if t.action != "unchanged"]
        if changed:
            show_build(context, built)
        else:
            context.say("every table is up to date")
    if built.failed:
        sys.exit(4)
    if files and all(f.problem for f in files):
        sys.exit(3)

"""``tonearm doctor``, ``tonearm backup`` and ``tonearm restore``."""

from __future__ import annotations

from pathlib import Path

import click

from tonearm.cli.command import Context, command


@command()
def doctor(context: Context) -> None:
    """Check the installation and the data: what is missing or wrong, and how to fix it."""
    from tonearm.home.doctor import examine
    from tonearm.read import covers
    from tonearm.store import state

    findings = examine(context.settings, state.checked, covers.checked)
    if context.as_json:
        context.answer(findings)
        return
    signs = {"fine": "✓", "missing": "○", "wrong": "✗"}
    context.grid("", ("", "what", "finding", "what to do"), [
        (signs[f.state], f.what, f.finding, f.advice) for f in findings
    ])  # fmt: skip
    context.say("✓ fine   ○ optional and missing   ✗ wrong")


@command(
    epilog="""\b
Examples:
  tonearm backup ~/tonearm-2026-01-01.tar.gz
"""
)
@click.argument("archive", type=click.Path(path_type=Path))
def backup(context: Context, archive: Path) -> None:
    """Write the home and its store into ARCHIVE (.tar.gz), without imported files that were kept.

    Other writers wait meanwhile, clients that submit listens do not. The archive holds the secrets of other services,
    too, so it is for its owner alone. A store in PostgreSQL is in it like one in the home; a lake elsewhere
    (`lake_uri`) is not.
    """
    from tonearm.lake.remote import is_remote
    from tonearm.store.backup import back_up

    size = back_up(context.settings, archive, waiting=context.note)
    context.counts = {"bytes": size}
    lake, home = context.settings.lake, context.settings.home.resolve()
    is_in_home = not is_remote(lake) and Path(lake).resolve().is_relative_to(home)
    without = None if is_in_home else lake
    if context.as_json:
        context.answer({"archive": str(archive), "bytes": size, "without": without})
        return
    context.say(f"{archive}: {size / 1e6:,.1f} MB; `tonearm restore {archive}` restores it into an empty home")
    if without:
        context.say(f"without the lake, which is at {without}: keep a copy of that, too")


@command(
    epilog="""\b
Examples:
  tonearm --home ~/another-home restore ~/tonearm-2026-01-01.tar.gz
"""
)
@click.argument("archive", type=click.Path(path_type=Path))
def restore(context: Context, archive: Path) -> None:
    """Restore a backup into an empty home; interrupted, it leaves none.

    The store comes into the database that the setting `database_url` names, which must be empty; with
    TONEARM_DATABASE_URL=sqlite it comes into the home whatever the backup's own settings name.

    A command in the setting `after_run` that came with the backup waits for `tonearm run --confirm-after-run`.
    """
    from tonearm.store.backup import restore as put_back

    files = put_back(context.settings, archive)
    context.counts = {"files": files}
    if context.as_json:
        context.answer({"home": str(context.settings.home), "files": files})
    else:
        context.say(f"{files:,} files restored to {context.settings.home}")

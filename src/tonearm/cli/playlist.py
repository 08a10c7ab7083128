"""``tonearm playlist``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, json_line, visible
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.read.playlists import Playlist

FORMATS = click.Choice(["table", "json", "m3u", "jspf", "spotify"])
FORMAT_HELP = (
    "A table for reading; M3U for players, JSPF for ListenBrainz and others, Spotify's URIs for pasting into a "
    "playlist there."
)


@command(
    epilog="""\b
Examples:
  tonearm playlist
  tonearm playlist focus --listener ada
  tonearm playlist "mood lift" --listener ada --format m3u --output lift.m3u8
  tonearm playlist energy --listener ada --format spotify > energy.txt
"""
)
@click.argument("name", required=False)
@click.option("--listener", help="Whose playlist; may be omitted if there is only one listener.")
@click.option(
    "--format",
    "form",
    type=FORMATS,
    default="table",
    show_default=True,
    help=FORMAT_HELP,
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write, instead of standard output.")
def playlist(context: Context, name: str | None, listener: str | None, form: str, output: Path | None) -> None:
    """Show or export a suggested playlist: Focus, Relaxation, Energy or Mood lift; without a name, list them."""
    from tonearm.columns import PLAYLISTS
    from tonearm.read.playlists import playlist as find

    form = "json" if context.as_json else form
    if output and form == "table":
        raise UsageError("a table cannot be written to a file; choose --format json, m3u, jspf or spotify")
    if name is None:
        if output or form in ("m3u", "jspf", "spotify"):
            raise UsageError(f"which playlist? there are {', '.join(PLAYLISTS)}")
        _list(context, listener, form)
        return
    found = find(context.settings, listener, name)
    if form == "table":
        _show(context, found)
    else:
        _write(context, found, form, output)


def _list(context: Context, listener: str | None, form: str) -> None:
    from tonearm.read.playlists import NONE_YET, playlists

    found = playlists(context.settings, listener)
    if form == "json":
        context.answer(found)
    elif not found:
        context.say(f"no playlists yet: {NONE_YET}")
    else:
        rows = [(one.listener, one.playlist, len(one.tracks), _unheard(one)) for one in found]
        context.grid("", ("listener", "playlist", "tracks", "unheard"), rows, "llrr")
        context.say(f'next: `tonearm playlist "{found[0].playlist}" --listener "{found[0].listener}"`')


def _unheard(one: Playlist) -> int:
    return sum(track["kind"] == "unheard" for track in one.tracks)


def _show(context: Context, one: Playlist) -> None:
    from tonearm.read.playlists import NONE_YET

    if not one.tracks:
        context.say(f"no {one.playlist} playlist yet: {NONE_YET}")
        return
    rows = [(t["position"], t["artist_name"], t["track_name"], t["kind"], t["because"]) for t in one.tracks]
    title = f"{one.playlist}, for {one.listener}"
    context.grid(title, ("", "artist", "track", "", "why"), rows, "rllll")


def _write(context: Context, one: Playlist, form: str, output: Path | None) -> None:
    from tonearm.read.playlists import NONE_YET, with_recordings

    if form != "json" and not one.tracks:
        raise UsageError(f"no {one.playlist} playlist yet: {NONE_YET}")
    write(context, with_recordings(context.settings, one) if form == "jspf" else one, form, output)


def write(context: Context, one: Playlist, form: str, output: Path | None) -> None:
    """The playlist as text, to the file or to standard output; always UTF-8."""
    from tonearm.read.playlists import jspf, m3u, spotify_uris, without_uri

    if form == "spotify" and (missing := without_uri(one)):
        names = visible("\n".join(f"  {name}" for name in missing))
        click.echo(f"{len(missing)} of {len(one.tracks)} tracks have no known Spotify id:\n{names}", err=True)
    texts: dict[str, Callable[[Playlist], str]] = {"json": _json, "m3u": m3u, "jspf": jspf, "spotify": spotify_uris}
    put(context, texts[form](one), output, f"{one.playlist}, {len(one.tracks)} tracks")


def put(context: Context, text: str, output: Path | None, what: str) -> None:
    """Write ``text`` to the file, and note ``what`` is there now, or print it; always UTF-8."""
    if output is None:
        context.document(text)
        return
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}; name another file with --output") from error
    context.note(f"{output}: {what}")


def _json(one: Playlist) -> str:
    return json_line(one).decode() + "\n"

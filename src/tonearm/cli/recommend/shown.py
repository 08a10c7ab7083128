"""Recommendations for reading, for players and for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tonearm.cli.command import Context, json_line, visible
from tonearm.errors import UsageError
from tonearm.read.playlists import Playlist, m3u, spotify_uris, without_uri

if TYPE_CHECKING:
    from tonearm.cli.recommend.asking import Wishes
    from tonearm.recommend.answers import Answer, Recommended

SMALL = 0.05
"""Share of a score below which reasons are shown together."""


def show(context: Context, answer: Answer, wishes: Wishes) -> None:
    """Print the answer in the form that was asked for, or write it to the file."""
    if wishes.form == "table":
        _table(context, answer, wishes.why)
        return
    written = Playlist("", answer.title, [_record(track) for track in answer.tracks])
    if wishes.form == "spotify" and (missing := without_uri(written)):
        names = visible("\n".join(f"  {name}" for name in missing))
        click.echo(f"{len(missing)} of {len(written.tracks)} tracks have no known Spotify id:\n{names}", err=True)
    texts: dict[str, Callable[[], str]] = {
        "json": lambda: json_line(answer).decode() + "\n",
        "m3u": lambda: m3u(written),
        "spotify": lambda: spotify_uris(written),
    }
    _write(context, texts[wishes.form](), wishes.output, len(answer.tracks))


def _write(context: Context, text: str, output: str | None, tracks: int) -> None:
    if output is None:
        context.document(text)
        return
    try:
        Path(output).write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}; name another file with --output") from error
    context.note(f"{output}: {tracks} tracks")


def _record(track: Recommended) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(track)
    return record


def _table(context: Context, answer: Answer, why: bool) -> None:
    marked = {filter_ for track in answer.tracks for filter_ in track.misses}
    if answer.tracks:
        columns, rows = (_reasons if why else _names)(answer)
        context.grid(f"Recommended {answer.title}", columns, rows, "r")
    if answer.note:
        context.say(f"{answer.note}.")
    if marked:
        context.say(f"* misses a filter: {', '.join(answer.relaxed)} gave way, as too few tracks met all.")
    if answer.fewer:
        context.say(f"{answer.fewer}.")
    if answer.satisfaction:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in answer.satisfaction.items())
        context.say(f"Of the best list for each alone: {shares}.")


def _names(answer: Answer) -> tuple[list[str], list[list[Any]]]:
    rows: list[list[Any]] = []
    for t in answer.tracks:
        last = ", ".join(t.serves) if answer.satisfaction else t.genre
        rows.append([_place(t), t.artist_name, t.track_name, None if t.year is None else str(t.year), last])
    return ["", "artist", "track", "year", "for" if answer.satisfaction else "genre"], rows


def _reasons(answer: Answer) -> tuple[list[str], list[list[Any]]]:
    rows = [[_place(t), f"{t.artist_name} – {t.track_name}", _sum(t)] for t in answer.tracks]
    return ["", "track", "why"], rows


def _place(track: Recommended) -> str:
    return f"{track.position}{'*' if track.misses else ''}"


def _sum(track: Recommended) -> str:
    """``2.04 = 1.36 sounds like …; +0.68 by the artist of …``; the reason alone where there is no sum."""
    if track.score is None or not track.why:
        return track.because
    shown = [(what, amount) for what, amount in track.why if abs(amount) >= SMALL * abs(track.score)]
    rest = track.score - sum(amount for _, amount in shown)
    shown += [("by the rest", rest)] if len(shown) < len(track.why) else []
    return f"{track.score:.2f} = " + "; ".join(f"{amount:+.2f} {what}" for what, amount in shown)

"""Recommendations for reading, for players and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.cli.command import Context, json_line
from tonearm.cli.playlist import put, write

if TYPE_CHECKING:
    from tonearm.cli.recommend.asking import Wishes
    from tonearm.recommend.answers.recommended import Answer, Recommended

SMALL = 0.05
"""Share of a score below which reasons are shown together."""


def show(context: Context, answer: Answer, wishes: Wishes) -> None:
    """Print the answer in the form that was asked for, or write it to the file."""
    if wishes.form == "table":
        _table(context, answer, wishes.why)
        return
    if wishes.form == "json":
        put(context, json_line(answer).decode() + "\n", wishes.output, f"{len(answer.tracks)} tracks")
        return
    # What writes playlists loads an engine, too, which a table does without.
    from tonearm.read.playlists import Playlist, with_recordings

    written = Playlist("", answer.title, [_record(track) for track in answer.tracks])
    written = with_recordings(context.settings, written) if wishes.form == "jspf" else written
    write(context, written, wishes.form, wishes.output)


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
    shown += [("by the rest", rest)] if round(abs(rest), 2) else []
    return f"{track.score:.2f} = " + "; ".join(f"{amount:+.2f} {what}" for what, amount in shown)

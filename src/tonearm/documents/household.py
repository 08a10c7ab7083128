"""Two listeners side by side: how alike they are, who found what first, what both like, what one could show the
other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice, zip_longest
from statistics import median
from typing import Any

from tonearm.documents.history import History

KNOWN_PLAYS = 5
"""An artist is known to somebody who played them as often: one play by chance finds nobody."""
SETTLING_D = 90
"""What is played in the first days of a history was mostly found before it began."""
_SHOWN, _BLEND, _OF_ONE_ARTIST = 12, 30, 2

Row = dict[str, Any]
Rows = dict[int, Row]


def household(one: History, other: History) -> dict[str, Any]:
    """What two listeners share and what they do not.

    Lists of two numbers are in the order of ``listeners``. ``alike`` is the share of plays that are of the same
    artists, from 0 to 1 (the intersection of two histograms, Swain and Ballard 1991): the sum over artists of the
    smaller of the two shares; ``alike_self`` is the same between the first and the second half of each one's own
    history, null with fewer than two plays. ``found_first`` counts only artists of whom it can be known: both played
    them at least ``KNOWN_PLAYS`` times, and the first play of either came after both histories had gone on for
    ``SETTLING_D`` days.
    """
    pair = (one, other)
    both, tracks = _shared(pair, "artist"), _shared(pair, "track")
    return {
        "listeners": [_who(history) for history in pair],
        "shared": {
            "artists": len(both),
            "tracks": len(tracks),
            "plays": [sum(row["listens"][i] for row in both) for i in (0, 1)],
        },
        "alike": sum(row["share"] for row in both),
        "alike_self": [_alike_self(history) for history in pair],
        "artists": both[:_SHOWN],
        "found_first": _found_first(both, pair),
        "blend": _blend(pair, both, tracks),
        "unheard": [history.rows(_UNHEARD, [row["artist_id"] for row in both], _SHOWN) for history in pair],
    }


def _who(history: History) -> Row:
    counts = history.row("SELECT (SELECT count(*) FROM artists) AS artists, (SELECT count(*) FROM tracks) AS tracks")
    return {
        **{"listener": history.listener, "listens": history.listens},
        **{"first_day": history.first_day, "last_day": history.last_day, **(counts or {})},
    }


def _shared(pair: tuple[History, History], kind: str) -> list[Row]:
    """The artists or tracks of both, the most shared first: ``listens`` and ``first_days`` of each, and ``share``, the
    smaller of their shares of all plays."""
    key = f"{kind}_id"
    mine = pair[0].row(f"SELECT list({key}) AS ids FROM {kind}s WHERE artist_id IS NOT NULL") or {}
    theirs = {row[key]: row for row in pair[1].rows(_AMONG.format(kind=kind), mine["ids"] or [])}
    rows = [_together(pair, row, theirs[row[key]]) for row in pair[0].rows(_AMONG.format(kind=kind), list(theirs))]
    return sorted(rows, key=lambda row: (-row["share"], row[kind] or "", row[key]))


def _together(pair: tuple[History, History], mine: Row, theirs: Row) -> Row:
    of_each = list(zip(pair, (mine, theirs), strict=True))
    return {
        **{name: mine[name] for name in ("track_id", "track", "artist_id", "artist") if name in mine},
        "listens": [row["listens"] for _, row in of_each],
        "first_days": [row["first_day"] for _, row in of_each],
        "share": min(row["listens"] / history.listens for history, row in of_each),
    }


def _alike_self(history: History) -> float | None:
    row = history.row(_HALVES, history.listens // 2, history.listens - history.listens // 2)
    return float(row["alike"]) if row and history.listens > 1 else None


def _found_first(both: list[Row], pair: tuple[History, History]) -> dict[str, Any]:
    """Who heard an artist first that both know: how many each, half of the waits in days, and the longest known."""
    since = _both_since(pair)
    known = [row for row in both if min(row["listens"]) >= KNOWN_PLAYS]
    settled = [_with_finder(row) for row in known if since is not None and min(row["first_days"]) >= since]
    found = Counter(row["finder"] for row in settled)
    waits = [row["days"] for row in settled if row["finder"] is not None]
    by_weight = sorted(settled, key=lambda row: (-row["share"], row["artist"] or ""))
    return {
        "since": since,
        "counted": len(settled),
        "unknown": len(known) - len(settled),
        "first": [found[0], found[1]],
        "same_day": found[None],
        "median_days": median(waits) if waits else None,
        "artists": by_weight[:_SHOWN],
    }


def _both_since(pair: tuple[History, History]) -> date | None:
    """The first day on which both histories had gone on for a while; None if they never did together."""
    if any(history.first_day is None or history.last_day is None for history in pair):
        return None
    since = max(history.first_day for history in pair if history.first_day) + timedelta(days=SETTLING_D)
    return since if since <= min(history.last_day for history in pair if history.last_day) else None


def _with_finder(row: Row) -> Row:
    mine, yours = row["first_days"]
    finder = None if mine == yours else int(yours < mine)
    return {**row, "finder": finder, "days": abs((mine - yours).days)}


def _blend(pair: tuple[History, History], both: list[Row], tracks: list[Row]) -> list[Row]:
    """One list in turns: a track that both play, one of the first listener's, one of the second's.

    ``turn`` is null for a track of both, else the index of the listener who plays it more; ``listens`` are each
    one's plays of it. No artist has more than two.
    """
    twice = [{**_of_track(track), "turn": None} for track in tracks if min(track["listens"]) > 1]
    turns = [twice, *(_favourites(pair, both, tracks, whose) for whose in (0, 1))]
    return list(islice(_taking_turns(turns), _BLEND))


def _of_track(row: Row) -> Row:
    return {name: row[name] for name in ("track_id", "track", "artist_id", "artist", "listens")}


def _favourites(pair: tuple[History, History], both: list[Row], tracks: list[Row], whose: int) -> list[Row]:
    """One listener's most played track of each artist whom both play, those first who matter to both."""
    place = {row["artist_id"]: place for place, row in enumerate(both[:_BLEND])}
    played = {row["track_id"]: row["listens"] for row in tracks}
    most: Rows = {}
    for row in pair[whose].rows(_MOST_PLAYED, list(place)):
        listens = played.get(row["track_id"]) or [row["listens"], 0][:: 1 if whose == 0 else -1]
        if listens[whose] > listens[1 - whose]:
            most.setdefault(row["artist_id"], {**_of_track({**row, "listens": listens}), "turn": whose})
    return [most[at] for at in place if at in most]


def _taking_turns(turns: list[list[Row]]) -> Iterator[Row]:
    """One of each in turn, no track twice, and no artist more than twice; one who has no more is passed over."""
    taken: set[int] = set()
    of_artist: Counter[int] = Counter()

    def fresh(rows: list[Row]) -> Iterator[Row]:
        for row in rows:
            if row["track_id"] not in taken and of_artist[row["artist_id"]] < _OF_ONE_ARTIST:
                taken.add(row["track_id"])
                of_artist[row["artist_id"]] += 1
                yield row

    for together in zip_longest(*map(fresh, turns)):
        yield from (row for row in together if row is not None)


_AMONG = """
SELECT * FROM {kind}s WHERE {kind}_id IN (SELECT unnest($1::BIGINT[]))
"""
_MOST_PLAYED = """
SELECT track_id, track, artist_id, artist, listens FROM tracks WHERE artist_id IN (SELECT unnest($1::BIGINT[]))
QUALIFY row_number() OVER (PARTITION BY artist_id ORDER BY listens DESC, track) <= 5 ORDER BY listens DESC, track
"""
_UNHEARD = """
SELECT unheard.*, track_id, track FROM (
    SELECT artist_id, artist, listens, first_day, last_day FROM artists
    WHERE artist_id NOT IN (SELECT unnest($1::BIGINT[])) ORDER BY listens DESC, artist LIMIT $2
) AS unheard JOIN (
    SELECT artist_id, arg_max(track_id, listens) AS track_id, arg_max(track, listens) AS track
    FROM tracks GROUP BY artist_id
) AS begin_with USING (artist_id) ORDER BY listens DESC, artist
"""
_HALVES = """
SELECT coalesce(sum(least(first / $1::DOUBLE, second / $2::DOUBLE)), 0) AS alike FROM (
    SELECT count(*) FILTER (number <= $1) AS first, count(*) FILTER (number > $1) AS second
    FROM (SELECT artist_id, row_number() OVER (ORDER BY started_at, listen_id) AS number FROM heard)
    GROUP BY artist_id
)
"""

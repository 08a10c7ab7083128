"""Playlists for an aim: tracks the listener has heard and tracks they have not, in an order that flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tonearm.columns import DESCRIBED, FEATURES
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.measures import numbered, percent, total
from tonearm.gold.prescriptive.aims import AIMS, NEEDS, TITLES, fit
from tonearm.gold.prescriptive.flow import short_path
from tonearm.silver.first_n import first_n
from tonearm.silver.instants import seconds_between, utc
from tonearm.silver.names import BEYOND_SONG
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]

LENGTH, HEARD, SHORTEST = 20, 12, 5
"""Tracks of a playlist, how many of them are heard ones where there are enough of both, and the fewest that are
still a playlist."""
OF_ONE_ARTIST = 2
SUITS = 0.55
"""Least fit of a track on a playlist; with singing a track comes to .5 for Focus at best."""
SPOKEN = 0.66
"""Speechiness above which, according to Spotify, a track is probably all speech."""
USABLE = (*DESCRIBED, "imputed")

DAY_S = 86_400.0
LATELY_D = 30.0
WEARS_AFTER = 10
"""Listens within LATELY_D beyond which a track is weighted down."""

KNOWN_TRACKS, KNOWN_LISTENS = 3, 2
"""Tracks of a genre, and listens of an artist, from which they are taken as the listener's taste."""
TOP_GENRES, TOP_ARTISTS = 3, 200
OF_A_GENRE, OF_AN_ARTIST = 100, 6
"""Best suiting tracks of a genre and of an artist that are looked through, so that nobody's history meets the
whole catalogue."""
POOLS = {"heard": 36, "artist": 16, "genre": 24}
"""Candidates of each kind that reach the second step, per playlist."""
_COMPARED = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness")
_PLACE = ("listener", "aim", "via", "place")
_TRACK = ("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "genre", "duration_s")
_FOUND = ("who", "aim", "track_id", "artist_id", "fit")
"""What a track is chosen by, with numbers for listener and aim. There are millions, so names and descriptions are added
to the chosen ones only."""
_EVIDENCE = ("known_listens", "share_pct")
_HEARD = ("listens", "sessions", "last_heard_at", "last_date")
_REASON = (
    *("aim", "via", "genre", "fit", *dict.fromkeys(chain.from_iterable(NEEDS.values())), "feature_source"),
    *("listens", "sessions", "last_date", *_EVIDENCE),
)
"""What a reason is made of."""

BPM = 100.0
"""Beats per minute that weigh as much as the whole range of energy: 10 bpm is a step of .1."""
UPWARDS: Mapping[str, Mapping[str, float]] = {
    "focus": {},
    "relax": {"energy": -1.0, "tempo": -0.5},
    "energise": {"energy": 1.0, "tempo": 0.5},
    "lift": {"valence": 3.0},
}
"""What should rise along each playlist, and what it costs, in steps, where it falls instead. Valence is
expensive, since steps ignore it. Focus leads nowhere."""
SAME_ARTIST = 10.0
"""What it costs to stay with an artist: more than any step."""


def _finished(rows: pa.Table) -> pa.Table:
    """The candidates that make up each playlist, in their order."""
    chosen = rows.take(np.array(_chosen(rows), dtype=np.int64))
    playlist = codes(chosen, "listener", "aim")
    order, step = _in_flow(chosen, playlist)
    ordered = chosen.take(order)
    listed = playlist[order]
    columns = {name: ordered[name] for name in ordered.column_names}
    reasons = ordered.select(_REASON).to_pylist()
    return as_table(
        {
            **columns,
            "playlist": [TITLES[row["aim"]] for row in reasons],
            "position": np.arange(len(listed)) - np.searchsorted(listed, listed) + 1,
            "kind": ["heard" if row["via"] == "heard" else "unheard" for row in reasons],
            "step": step,
            "because": [_reason(row) for row in reasons],
        },
        FINISH_COLUMNS,
    )


FINISH_COLUMNS = (
    *("listener", "playlist", "position", "track_id", "artist_id", "artist_name", "track_name", "spotify_id"),
    *("genre", "duration_s", "kind", "fit", "step", "energy", "valence", "tempo", "feature_source"),
    *("listens", "sessions", "last_heard_at", "because"),
)


@table(
    grain=("listener", "playlist", "position"),
    finish=_finished,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=len(AIMS) * sum(POOLS.values()),
)
def personalized_playlist_suggestions(listening_with_features: ir.Table, tracks: ir.Table) -> ir.Table:
    """Four playlists for you: Focus, Relaxation, Energy and Mood lift, each of music you know and music you don't.

    One row per listener, playlist and position. A playlist has up to 20 tracks: about 12 you have heard and 8 you have
    not, more of one kind if there are too few of the other, at most two by one artist, and no song in two versions. A
    playlist with fewer than 5 tracks is left out. Every track suits the aim (``fit`` of at least .55, by rules over its
    audio features that are the same for everyone). The rules are about how the music sounds: whether it helps you, only
    you can judge.

    **Heard** tracks are ordered by fit squared times how present they are: the sessions in which you heard them (and
    did not skip) count by the inverse square root of their age in days before your last listen (the memory model ACT-R,
    which predicts relistening: Reiter-Haas et al. 2021), so a night on repeat counts once. Tracks heard more than ten
    times in the last 30 days are weighted down.

    **Unheard** tracks alternate between artists you heard at least twice and your three main genres, in proportion to
    your listens, the closest first to the music you already hear of that kind (root mean square over six features).
    Without artists or genres in the catalogue there are no unheard tracks. At most 304 candidates per listener are
    considered.

    The order takes small steps (``step``) in energy and tempo, avoids the same artist twice in a row if possible, and
    leads down in both for Relaxation, up in both for Energy, up in valence for Mood lift; small steps matter more than
    a straight way. ``feature_source`` shows whether a track's features were measured (real, catalogue), are the means
    of the artist's measured tracks (artist) or estimated (imputed); invented ones are never used. A track without a
    known tempo is ordered by the rest.
    """
    named, listeners = _with_songs(tracks), numbered(_ends(listening_with_features))
    heard, catalogue = _heard(listening_with_features, listeners, named), _suiting(named)
    known = _known(heard, catalogue)
    middles = _middles(known)
    by_artist = _never_heard(_by_artist(heard, catalogue, middles), heard)
    of_genres = _best(catalogue, "genre", OF_A_GENRE)
    # The join need not hold the whole history beside a million candidates.
    heard_of_these = heard.semi_join(of_genres, "song_id")
    by_genre = _in_proportion(_never_heard(_by_genre(heard, of_genres, middles), heard_of_these))
    of_heard = heard.select("who", "track_id", *_HEARD)
    pools = (
        _first_of(known, "heard").inner_join(of_heard, ["who", "track_id"]),
        _first_of(by_artist, "artist"),
        _first_of(by_genre, "genre"),
    )
    return _described(ibis.union(*map(_candidates, pools)), listeners, named)


def _ends(listens: ir.Table) -> ir.Table:
    """The listeners and when each last listened."""
    return listens.group_by("listener").agg(now=utc(listens.started_at.max()))


def _heard(listens: ir.Table, listeners: ir.Table, tracks: ir.Table) -> ir.Table:
    """Each listener's tracks, with how often and when they were heard and how much they are liked now."""
    rows = _sessions(listens, listeners)
    age_d = seconds_between(rows.last_heard_at, rows.now) / DAY_S
    counted = rows.group_by("who", "track_id").agg(
        listens=total(rows.listens),
        sessions=rows.count(),
        last_heard_at=rows.last_heard_at.max(),
        last_date=rows.last_date.max(),
        activation=(1.0 / (1.0 + age_d).sqrt()).sum(where=rows.wanted > 0).fill_null(0.0),
        lately=rows.wanted.sum(where=age_d < LATELY_D).fill_null(0),
    )
    known = counted.inner_join(tracks.select("track_id", "artist_id", "genre", "song_id"), "track_id")
    worn = known.lately.cast("float64") / WEARS_AFTER
    return known.mutate(
        # Sums differ in their last digits with the order in which they were added.
        liking=((1.0 + known.activation).log() / (worn > 1.0).ifelse(worn, 1.0)).round(9)
    )


def _sessions(listens: ir.Table, listeners: ir.Table) -> ir.Table:
    """Each track of each session: a track on repeat all night is one evening's liking, not three hundred."""
    own = listens.inner_join(listeners, "listener")
    return own.group_by("who", "now", "track_id", "session_started_at").agg(
        listens=own.count(),
        wanted=own.count(where=~own.is_skipped.fill_null(False)),
        last_heard_at=own.started_at.max(),
        last_date=own.local_date.max(),
    )


def _with_songs(tracks: ir.Table) -> ir.Table:
    """Adds the title without what makes it another version, and a number that the versions of a song share."""
    title = tracks.track_name.lower()
    bare = title.re_replace(BEYOND_SONG, "")
    named = tracks.mutate(song=bare.nullif("").coalesce(title))
    first = named.track_id.min().over(ibis.window(group_by=("artist_id", "song")))
    return named.mutate(song_id=named.song.notnull().ifelse(first, None))


def _suiting(tracks: ir.Table) -> ir.Table:
    """A row for each track and each aim that it suits; ``aim`` is its number."""
    is_usable = tracks.feature_source.isin(USABLE) & (tracks.speechiness <= SPOKEN) & tracks.song_id.notnull()
    usable = tracks.filter(is_usable)
    fits = [ibis.struct({"aim": ibis.literal(n, "int64"), "fit": fit(aim, usable)}) for n, aim in enumerate(AIMS)]
    one = ibis.array(fits).unnest()
    each = usable.select("track_id", "artist_id", "genre", "song_id", *_COMPARED, one=one).unpack("one")
    return each.filter(each.fit >= SUITS)


def _known(heard: ir.Table, catalogue: ir.Table) -> ir.Table:
    """Heard tracks that suit an aim."""
    liked = heard.filter(heard.liking > 0).select("who", "track_id", "liking")
    t = liked.inner_join(catalogue, "track_id")
    # Squared, so that what is liked most does not stand on every playlist.
    return t.select(*_FOUND, *_COMPARED, score=(t.fit * t.fit * t.liking).round(9))


def _first_of(t: ir.Table, via: str) -> ir.Table:
    """The best candidates of each playlist, at most two of an artist."""
    best_first = (ibis.desc("score"), "track_id")
    few = first_n(t, ("who", "aim", "artist_id"), best_first, OF_ONE_ARTIST)
    return first_n(few, ("who", "aim"), best_first, POOLS[via]).mutate(via=ibis.literal(via))


def _by_artist(heard: ir.Table, catalogue: ir.Table, middles: ir.Table) -> ir.Table:
    """Tracks that suit an aim by the artists that the listener hears most."""
    artists = heard.group_by("who", "artist_id").agg(
        known_listens=heard.listens.cast("float64").sum(), weight=(1.0 + heard.activation.sum()).log().round(9)
    )
    artists = artists.filter((artists.known_listens >= KNOWN_LISTENS) & (artists.weight > 0))
    artists = first_n(artists, "who", (artists.weight.desc(), artists.artist_id), TOP_ARTISTS).drop("place")
    found = _best(catalogue, "artist_id", OF_AN_ARTIST).inner_join(_for_aims(artists, middles), ["artist_id", "aim"])
    return found.select(*_FOUND, "song_id", "known_listens", score=_score(found, found.weight))


def _by_genre(heard: ir.Table, of_genres: ir.Table, middles: ir.Table) -> ir.Table:
    """Tracks that suit an aim, the best ``of_genres``, of those genres that the listener hears most."""
    genres = heard.filter(heard.genre.notnull()).group_by("who", "genre")
    genres = genres.agg(genre_tracks=lambda t: t.count(), genre_listens=lambda t: t.listens.cast("float64").sum())
    known = genres.genre_listens.sum().over(ibis.window(group_by="who"))
    genres = genres.mutate(known_listens=known, share_pct=percent(genres.genre_listens, known))
    genres = first_n(genres, "who", (genres.genre_listens.desc(), genres.genre), TOP_GENRES)
    genres = genres.filter(genres.genre_tracks >= KNOWN_TRACKS)
    genres = genres.select("who", "genre", *_EVIDENCE, number="place")
    found = of_genres.inner_join(_for_aims(genres, middles), ["genre", "aim"])
    return found.select(*_FOUND, "song_id", "number", *_EVIDENCE, score=_score(found, ibis.literal(1.0)))


def _best(catalogue: ir.Table, group: str, most: int) -> ir.Table:
    """The tracks that suit each aim best, of each group."""
    own = catalogue.filter(catalogue[group].notnull())
    return first_n(own, (group, "aim"), (own.fit.desc(), own.track_id), most)


def _middles(known: ir.Table) -> ir.Table:
    """The middle of the music that the listener already hears for each aim."""
    weights = known.score.sum()
    return known.group_by("who", "aim").agg(
        {f"middle_{f}": ((known[f] * known.score).sum() / weights.nullif(0.0)) for f in _COMPARED}
    )


def _for_aims(groups: ir.Table, middles: ir.Table) -> ir.Table:
    """Each artist or genre once for each aim, with the middle to which its tracks should be close."""
    # Before tracks are joined: of those there are hundreds to each.
    each = groups.mutate(aim=ibis.array([ibis.literal(number, "int64") for number in range(len(AIMS))]).unnest())
    return each.left_join(middles, ["who", "aim"]).drop("who_right", "aim_right")


def _score(found: ir.Table, weight: ir.FloatingValue) -> ir.FloatingColumn:
    """How unheard tracks fit, how well their artist is known, how close they are to what is."""
    squares = [(found[f] - found[f"middle_{f}"]) ** 2 for f in _COMPARED]
    distance = (sum(squares[1:], squares[0]) / float(len(squares))).sqrt()
    # With nothing heard of that kind, all of it is equally close.
    closeness = (1.0 - distance).coalesce(1.0)
    return (found.fit * found.fit * closeness * weight).round(9)


def _never_heard(candidates: ir.Table, heard: ir.Table) -> ir.Table:
    """Candidates of which the listener has heard no version."""
    return candidates.anti_join(heard, ("who", "song_id"))


def _in_proportion(by_genre: ir.Table) -> ir.Table:
    """Genres by turns, in proportion to the listens of each."""
    best_first = (by_genre.score.desc(), by_genre.track_id)
    # Twice as many as there are places, since more than two of an artist have none.
    placed = first_n(by_genre, ("who", "aim", "number"), best_first, 2 * POOLS["genre"])
    # Sainte-Laguë, as seats of a parliament are given out: after k tracks a genre has 2 k + 1 to divide by.
    quotient = placed.share_pct / 100.0 / (2.0 * placed.place.cast("float64") + 1.0)
    return placed.mutate(score=quotient.round(9))


def _candidates(t: ir.Table) -> ir.Table:
    """What is known of each beside its track."""
    missing: dict[str, ir.Value] = {
        **dict.fromkeys(_EVIDENCE, ibis.null("float64")),
        **dict.fromkeys(("listens", "sessions"), ibis.literal(0, "int64")),
        "last_heard_at": ibis.null("timestamp('UTC', 6)"),
        "last_date": ibis.null("date"),
    }
    rows = t.mutate(**{name: value for name, value in missing.items() if name not in t.columns})
    return rows.select("who", "aim", "via", "place", "track_id", "fit", *_HEARD, *_EVIDENCE)


def _described(candidates: ir.Table, listeners: ir.Table, tracks: ir.Table) -> ir.Table:
    """What the second step needs of each."""
    described = tracks.select(*_TRACK, "song", *FEATURES, "feature_source")
    rows = candidates.inner_join(listeners, "who").inner_join(described, "track_id")
    rows = rows.mutate(aim=ibis.array(list(AIMS))[rows.aim])
    of_track = (*_TRACK, "song", "fit", *FEATURES, "feature_source", *_HEARD)
    return rows.select(*_PLACE, *of_track, *_EVIDENCE)


def _chosen(rows: pa.Table) -> list[int]:
    """The rows that make up the playlists."""
    starts = np.flatnonzero(np.diff(codes(rows, "listener", "aim", "via"), prepend=-1))
    firsts = rows.select(["listener", "aim", "via"]).take(starts).to_pylist()
    pools: dict[tuple[str, str], dict[str, range]] = {}
    ends = np.append(starts, rows.num_rows)[1:]
    for first, begin, end in zip(firsts, starts.tolist(), ends.tolist(), strict=True):
        pools.setdefault((first["listener"], first["aim"]), {})[first["via"]] = range(begin, end)
    artists, songs = codes(rows, "artist_id").tolist(), codes(rows, "artist_id", "song").tolist()
    return [row for of_playlist in pools.values() for row in _playlist(of_playlist, artists, songs)]


def _playlist(pools: Mapping[str, range], artists: Sequence[int], songs: Sequence[int]) -> list[int]:
    """Rows of one playlist: heard and unheard in their numbers, then more of either where one is too few."""
    heard, *unheard = (pools.get(via, range(0)) for via in POOLS)
    by_turns = [row for turn in zip_longest(*unheard) for row in turn if row is not None]
    rows: list[int] = []
    by_artist: Counter[int] = Counter()
    has: set[int] = set()

    def add(some: Iterable[int], up_to: int) -> None:
        for row in some:
            if len(rows) >= up_to:
                return
            if songs[row] not in has and by_artist[artists[row]] < OF_ONE_ARTIST:
                rows.append(row)
                has.add(songs[row])
                by_artist[artists[row]] += 1

    add(heard, HEARD)
    add(by_turns, len(rows) + LENGTH - HEARD)
    add(heard, LENGTH)
    add(by_turns, LENGTH)
    return sorted(rows) if len(rows) >= SHORTEST else []


def _in_flow(rows: pa.Table, playlist: Places) -> tuple[Places, Numbers]:
    """The order of the rows in which every playlist flows, and each one's step from the one before."""
    order = np.arange(len(playlist))
    step = np.full(len(playlist), np.nan)
    artist, energy, tempo = codes(rows, "artist_id"), numbers(rows, "energy"), numbers(rows, "tempo") / BPM
    upwards = _upwards(rows)
    starts = np.flatnonzero(np.diff(playlist, prepend=-1))
    for own in map(slice, starts.tolist(), [*starts[1:].tolist(), len(playlist)]):
        steps = np.hypot(_between(energy[own]), _between(tempo[own]))
        up = sum((_between(values[own]) for values in upwards), np.zeros_like(steps))
        costs = steps + np.maximum(-up, 0.0) + SAME_ARTIST * (_between(artist[own]) == 0)
        # Engines differ in the last digits of an artist's means, which would decide between equally short paths.
        path = short_path(up.max(axis=0).round(9), costs.round(9))
        order[own] = own.start + path
        step[own.start + 1 : own.stop] = steps[path[:-1], path[1:]]
    return order, step


def _between(values: npt.NDArray[Any]) -> Numbers:
    """[i, j]: from the i-th of ``values`` to the j-th; 0 where one is not known."""
    return np.nan_to_num(values[None, :] - values[:, None])


def _upwards(rows: pa.Table) -> list[Numbers]:
    """What should rise along each row's playlist, feature by feature."""
    aims = np.asarray(rows["aim"].to_pylist(), dtype=object)
    scaled = {
        "energy": numbers(rows, "energy"),
        "valence": numbers(rows, "valence"),
        "tempo": numbers(rows, "tempo") / BPM,
    }
    weights = {
        f: sum(((aims == aim) * up.get(f, 0.0) for aim, up in UPWARDS.items()), np.zeros(len(aims))) for f in scaled
    }
    return [weights[f] * values for f, values in scaled.items()]


def _reason(row: dict[str, Any]) -> str:
    """Why a candidate is on the playlist, in words with its numbers."""
    estimated = {"imputed": ", estimated", "artist": ", as its artist usually sounds"}.get(row["feature_source"], "")
    features = ", ".join(_words(f, row[f]) for f in NEEDS[row["aim"]] if row[f] is not None)
    return f"{_origin(row)}; fit {row['fit']:.2f} ({features}{estimated})."


def _origin(row: dict[str, Any]) -> str:
    if row["via"] == "heard":
        if row["listens"] == 1:
            return f"Heard once, on {row['last_date']:%Y-%m-%d}"
        sessions = "one session" if row["sessions"] == 1 else f"{row['sessions']:,} sessions"
        return f"Heard {row['listens']:,} times in {sessions}, last on {row['last_date']:%Y-%m-%d}"
    if row["via"] == "artist":
        return f"Not heard yet, by an artist you heard {row['known_listens']:,.0f} times"
    share, known = row["share_pct"], row["known_listens"]
    return f"Not heard yet; {row['genre']} is {share:.0f} % of your {known:,.0f} listens with a known genre"


def _words(feature: str, value: float) -> str:
    return f"{value:.0f} bpm" if feature == "tempo" else f"{feature} {value:.2f}"

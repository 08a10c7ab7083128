"""Matching: which records are the same play.

The starts of one play differ between sources, because of a scrobbler's clock and network lag, precision to the
minute, and pauses: a source that reports the end of a play and the seconds heard gives a start too late by the
time paused. Records of one listener and one track are therefore sorted by time and cut into *runs*: where the
distance is larger than lag, precision and pauses explain, and between neighbours of the same teller, which are
two plays. Within a run the k-th record of each teller is the k-th play.

A *teller* is a source at one precision: the same scrobbles exported to the second by one tool and to the minute
by another are treated as two sources. Of what is submitted live it is one client, since a player and a phone may both
submit what the player plays. Before anything is compared, a teller's *repeats* are set aside and follow the
record they repeat: a track cannot start twice at once, so two records of one instant are one play that was exported
again after its album or ids were edited; and a track that starts again sooner than anybody could have heard it was
sent twice.

Sources credit a track to different artists. Tracks of one title that may be the same (``credit_groups``) are compared
as if they were one, and a record that agrees in nothing with the kept one is left out again.

On a real history split into two exports with offsets of up to 60 s either way, 5 % missing on both sides and
short restarts, recall and precision of the matched pairs are 99.97 % (99.9 % where one source has minutes, and with
tracks played repeatedly). Without the cuts between neighbours 99.7 % are found at minute precision, and plays are
counted twice; pairing mutually nearest records needs several rounds for the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.bronze import SUBMITTED
from tonearm.silver.credit_groups import album_key, is_credited_alike
from tonearm.silver.first_n import first_n
from tonearm.silver.instants import epoch_s
from tonearm.silver.instants_at_ends import LAG_S, LONGEST_S
from tonearm.silver.names import CREDIT, VARIOUS
from tonearm.silver.records import IDENTITY, filled_count, good_listens, records
from tonearm.silver.track_names import is_list
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Column, FloatingValue, StringValue, Table, Value

PAUSE_S = 45.0
"""Longest pause within one play; a track's second play starts later."""
FRAGMENT_S = 30.0
"""No scrobbler records a shorter play, so a fragment can only match another fragment."""
REPEAT_S = 10.0
"""A track that starts again sooner is sent twice. Of 1,195 such pairs in a real history 1,194 are a second apart and
one 14 s; the next is 74 s. Tracks known to be shorter, and plays known to have ended, may start again sooner."""
ROUNDING_S = 1.0
"""How much earlier than the end of a play the next may start, because of rounded times."""

TRACK = ("listener", "credit_id", "is_fragment")
BY_TIME = ("at_s", "teller", "record_id")


@table(grain=("listener", "record_id"), windowed=True)
def merges(
    listening_history_bronze: Table,
    track_names: Table,
    track_identities: Table,
    credit_groups: Table,
    instants_at_ends: Table,
    merge_rules: Table,
) -> Table:
    """Records of plays that have several records, with the listen each belongs to and why.

    A listen's ``listen_id`` is the ``record_id`` of the kept record: one with the time heard, then the most
    precise, then the one with the most fields. ``apart_s`` is how much later than the kept record a record
    starts. Plays with a single record are not in this table.

    ``merge_kind`` is ``source`` for another source's or client's record of the play; ``credits`` if it names other
    artists, at least one of them the same or the same album; ``end`` if that source reports the ends of plays. Of the
    same source it is ``edited`` for the same instant with other fields, and ``repeat`` for the same track again within
    10 s, before the play, or half of the track, could have been over; the setting ``merge_repeats`` keeps these apart.
    """
    rows = _compared(listening_history_bronze, track_identities, credit_groups, instants_at_ends)
    rows = _repeating(rows, merge_rules)
    plays = _with_kept(_numbered(_runs(rows.filter(~rows.is_repeat))))
    others = _under_other_credits(plays, listening_history_bronze, track_names)
    plays = _own_listen(plays, others)
    found = plays.union(_repeats(rows, plays))
    sizes = found.group_by("listener", "listen_id").aggregate(merged_records=found.count())
    found = found.semi_join(sizes.filter(sizes.merged_records > 1), ("listener", "listen_id"))
    found = found.left_join(_shown(others), ("listener", "listen_id"))
    return found.select(
        *(*IDENTITY, "source", "started_at", "kept_source", "listen_id", "merge_kind", "shown_name_id"),
        apart_s=found.at_s - found.kept_at_s,
    )


def explain_merges(listening_history_bronze: Table, merges: Table) -> Table:
    """Every record of every listen with several records, so that a person can check the merge.

    Grain: listener, record_id. ``apart_s`` is how much later than the kept record a record starts.
    """
    merged = merges.select(*IDENTITY, "listen_id", "apart_s", "merge_kind")
    columns = (*IDENTITY, "source", "started_at", "artist_name", "track_name")
    merged_records = records(listening_history_bronze.semi_join(merged, IDENTITY), columns).inner_join(merged, IDENTITY)
    return merged_records.select(
        *("listener", "listen_id", "record_id", "source", "started_at", "apart_s", "artist_name", "track_name"),
        "merge_kind",
        is_kept=merged_records.record_id == merged_records.listen_id,
    )


def _comparable(history: Table) -> Table:
    """Rows that could share a play with another record: all rows of a listener with several tellers, else only
    those with another shortly before or after."""
    good = good_listens(history).select(*IDENTITY, "source", "precision_s", "client", "started_at")
    sources = good.group_by("listener").aggregate(
        **{"low": good.source.min(), "high": good.source.max()},
        **{"sharpest": good.precision_s.min(), "dullest": good.precision_s.max()},
        **{"first_client": _client(good).min(), "last_client": _client(good).max()},
    )
    several = sources.filter(
        (sources.low < sources.high)
        | (sources.sharpest < sources.dullest)
        | (sources.first_client < sources.last_client).fill_null(False)
    )
    crowded = _crowded(good.anti_join(several, "listener").select(*IDENTITY, "started_at"))
    return good_listens(history.semi_join(several, "listener")).union(
        good_listens(history.semi_join(crowded, IDENTITY))
    )


def _client(rows: Table) -> StringValue:
    """The client of a record that was submitted live, empty for one without a name; null for any other record."""
    return ibis.cases((rows.source.endswith(SUBMITTED), rows.client.fill_null("")))


def _crowded(rows: Table) -> Table:
    """Those of ``rows`` that start within ``REPEAT_S`` of another."""
    rows = rows.mutate(at_s=epoch_s(rows.started_at))
    in_time = ibis.window(group_by="listener", order_by=["at_s", "record_id"])
    rows = rows.mutate(
        since_s=rows.at_s - rows.at_s.lag().over(in_time),
        until_s=rows.at_s.lead().over(in_time) - rows.at_s,
        id_before=rows.record_id.lag().over(in_time),
        id_after=rows.record_id.lead().over(in_time),
    )
    is_after = (rows.since_s < REPEAT_S) & (rows.id_before != rows.record_id)
    is_before = (rows.until_s < REPEAT_S) & (rows.id_after != rows.record_id)
    return rows.filter(is_after.fill_null(False) | is_before.fill_null(False))


def _compared(history: Table, track_identities: Table, credit_groups: Table, instants_at_ends: Table) -> Table:
    """Each comparable record once, with only the columns that are compared, because it is sorted."""
    rows = _comparable(history).inner_join(track_identities.select("name_id", "track_id"), "name_id")
    rows = rows.left_join(credit_groups, "track_id").drop("track_id_right")
    late = instants_at_ends.rename(late_track_id="track_id")
    rows = rows.left_join(
        late, ["listener", "source", "precision_s", rows.track_id == late.late_track_id], rname="late_{name}"
    )
    is_late = rows.late_s.notnull() & (rows.instant_is == "start") & rows.listened_s.isnull()
    late_s = is_late.ifelse(ibis.least(rows.duration_s.coalesce(rows.late_s), LONGEST_S), 0.0)
    rows = rows.group_by(IDENTITY).aggregate(
        track_id=rows.track_id.min(),
        credit_id=rows.credit_id.coalesce(rows.track_id).min(),
        name_id=rows.name_id.min(),
        source=rows.source.min(),
        teller=rows.source.concat("/", rows.precision_s.cast("string"), "/", _client(rows).fill_null("")).min(),
        started_at=rows.started_at.min(),
        precision_s=rows.precision_s.min(),
        # The middle of the interval given by the source's precision.
        at_s=(epoch_s(rows.started_at) + rows.precision_s / 2 - late_s).min(),
        again_s=_again_s(rows).min(),
        is_end=((rows.instant_is == "end") | is_late).any(),
        is_late=is_late.any(),
        is_fragment=(rows.listened_s < FRAGMENT_S).fill_null(False).any(),
        is_timed=rows.listened_s.notnull().any(),
        filled=filled_count(rows).max(),
    )
    sizes = rows.group_by("listener", "credit_id").aggregate(size=rows.count())
    return rows.semi_join(sizes.filter(sizes.size > 1), ("listener", "credit_id"))


def _again_s(rows: Table) -> FloatingValue:
    """Seconds after which the track may honestly start again: it was over, or half of it, from which on scrobblers
    count it."""
    over_s = rows.listened_s - ROUNDING_S - rows.precision_s
    return ibis.least(over_s.coalesce(rows.duration_s / 2, REPEAT_S), REPEAT_S)


def _repeating(rows: Table, rules: Table) -> Table:
    """``rows`` with ``is_repeat`` and the other half of the pair, ``is_repeated``, of a teller's repeats."""
    rule = rules.filter(rules.merge_kind == "repeat").select(is_repeat_merged="is_merged")
    rows = rows.cross_join(rule)
    order = ibis.window(group_by=(*TRACK, "teller"), order_by=_in_teller(rows))
    since, until = rows.at_s - rows.at_s.lag().over(order), rows.at_s.lead().over(order) - rows.at_s
    is_too_soon = (since < rows.again_s.lag().over(order)) & rows.is_repeat_merged
    is_repeated = (until < rows.again_s) & rows.is_repeat_merged
    return rows.mutate(
        is_edited=(since == 0).fill_null(False),
        is_repeat=((since == 0) | is_too_soon).fill_null(False),
        is_repeated=((until == 0) | is_repeated).fill_null(False),
    )


def _in_teller(rows: Table) -> list[Value]:
    """Order of a teller's records, of those at one instant the best first."""
    return [rows.at_s, rows.is_timed.desc(), rows.filled.desc(), rows.record_id]


def _repeats(rows: Table, plays: Table) -> Table:
    """The repeats among ``rows``, with the listen of the record that each repeats."""
    chained = rows.filter(rows.is_repeat | rows.is_repeated)
    so_far = ibis.cumulative_window(group_by=(*TRACK, "teller"), order_by=_in_teller(chained))
    chained = chained.mutate(chain=(~chained.is_repeat).cast("int64").sum().over(so_far))
    first = ibis.window(group_by=(*TRACK, "teller", "chain"), order_by=_in_teller(chained))
    chained = chained.mutate(repeated_id=chained.record_id.first().over(first))
    repeated = plays.select("listener", "listen_id", "kept_source", "kept_at_s", repeated_id="record_id")
    found = chained.filter(chained.is_repeat).inner_join(repeated, ("listener", "repeated_id"))
    return found.select(
        *(*IDENTITY, "source", "started_at", "at_s", "listen_id", "kept_source", "kept_at_s"),
        merge_kind=found.is_edited.ifelse("edited", "repeat"),
    )


def _tolerance(precision_s: Column, other_precision_s: Column, may_be_paused: Column) -> Column:
    """Seconds that may lie between the starts of one play in two sources.

    The start from a source that reports ends may be late by a pause, so only the later start is allowed one.
    """
    return LAG_S + (precision_s + other_precision_s) / 2 + may_be_paused.cast("float64") * PAUSE_S


def _runs(rows: Table) -> Table:
    """``rows`` numbered by run."""
    order = ibis.window(group_by=TRACK, order_by=BY_TIME)
    since = rows.at_s - rows.at_s.lag().over(order)
    is_end_before = rows.is_end.lag().over(order)
    is_same_teller = rows.teller == rows.teller.lag().over(order)
    allowed = _tolerance(rows.precision_s, rows.precision_s.lag().over(order), rows.is_end & ~is_end_before)
    rows = rows.mutate(is_apart=((is_same_teller & (since >= FRAGMENT_S)) | (since > allowed)).fill_null(True))
    starts_run = rows.is_apart.cast("int64")
    return rows.mutate(run=starts_run.sum().over(ibis.cumulative_window(group_by=TRACK, order_by=BY_TIME)))


def _numbered(rows: Table) -> Table:
    """``rows`` with ``play``, the number of the play among its teller's in the run."""
    order = ibis.window(group_by=[*TRACK, "run", "teller"], order_by=["at_s", "record_id"])
    return rows.mutate(play=ibis.row_number().over(order))


def _with_kept(plays: Table) -> Table:
    """``plays`` with what is compared of the record that is kept of each."""
    best = [plays.is_late, plays.is_timed.desc(), plays.precision_s, plays.filled.desc(), plays.source, plays.record_id]
    one_play = ibis.window(group_by=[*TRACK, "run", "play"], order_by=best)
    kept = ("record_id", "source", "at_s", "precision_s", "is_end", "is_late", "track_id", "name_id")
    return plays.mutate(**{f"kept_{c}": plays[c].first().over(one_play) for c in kept})


def _own_listen(plays: Table, others: Table) -> Table:
    """The listen of each of ``plays``: the kept record's, or one of its own if it does not agree with that."""
    unrelated = others.filter(~others.is_related).select(*IDENTITY, is_unrelated=True)
    plays = plays.left_join(unrelated, IDENTITY)
    is_one = (plays.record_id == plays.kept_record_id) | (_agrees_with_kept(plays) & plays.is_unrelated.isnull())
    kind = ibis.cases(
        (~is_one | (plays.record_id == plays.kept_record_id), None),
        (plays.is_late | plays.kept_is_late, "end"),
        (plays.track_id != plays.kept_track_id, "credits"),
        else_="source",
    )
    return plays.select(
        *(*IDENTITY, "source", "started_at", "at_s"),
        listen_id=is_one.ifelse(plays.kept_record_id, plays.record_id),
        kept_source=is_one.ifelse(plays.kept_source, plays.source),
        kept_at_s=is_one.ifelse(plays.kept_at_s, plays.at_s),
        merge_kind=kind,
    )


def _agrees_with_kept(plays: Table) -> BooleanValue:
    apart = plays.at_s - plays.kept_at_s
    is_paused = plays.is_end & ~plays.kept_is_end & (apart > 0)
    is_kept_paused = plays.kept_is_end & ~plays.is_end & (apart < 0)
    return apart.abs() <= _tolerance(plays.precision_s, plays.kept_precision_s, is_paused | is_kept_paused)


def _under_other_credits(plays: Table, history: Table, names: Table) -> Table:
    """The few records of ``plays`` that name another track than the kept one, with the credits and albums of both."""
    others = plays.filter(plays.track_id != plays.kept_track_id)
    others = others.select(*IDENTITY, "name_id", "kept_record_id", "kept_name_id")
    both = others.select(*IDENTITY).union(others.select("listener", record_id="kept_record_id"))
    rows = good_listens(history.semi_join(both, IDENTITY))
    albums = rows.group_by(IDENTITY).aggregate(album=album_key(rows.album_name).max())
    credited = names.select("name_id", "credits", is_list=is_list(names))
    others = others.inner_join(albums, IDENTITY).inner_join(credited, "name_id")
    others = others.inner_join(
        albums.rename("kept_{name}").rename(listener="kept_listener"), ("listener", "kept_record_id")
    )
    others = others.inner_join(credited.rename("kept_{name}"), "kept_name_id")
    is_same_album = (others.album == others.kept_album) & (others.album != "")
    is_alike = is_credited_alike(others.credits, others.kept_credits).fill_null(False)
    return others.mutate(is_related=is_alike | is_same_album)


def _shown(others: Table) -> Table:
    """The spelling under which a listen credited in several ways is shown: no collection and not half of an act."""
    related = others.filter(others.is_related)
    parts = [
        related.select(
            *("listener", "kept_record_id"),
            shown_name_id=related[f"{side}name_id"],
            credits=related[f"{side}credits"],
            is_list=related[f"{side}is_list"],
            is_other=ibis.literal(side == ""),
        )
        for side in ("", "kept_")
    ]
    ways = parts[0].union(parts[1]).distinct()
    order = [
        ways.credits == VARIOUS,
        ways.is_list,
        -ways.credits.split(CREDIT).length(),
        ways.is_other,
        ways.shown_name_id,
    ]
    shown = first_n(ways, ("listener", "kept_record_id"), order, 1)
    return shown.select("listener", listen_id="kept_record_id", shown_name_id="shown_name_id")

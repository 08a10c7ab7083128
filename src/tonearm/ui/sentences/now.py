"""Sentences of the page What now, from the prescriptive tables; true whatever the rows hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tonearm.documents.words import AIMS, counted, hours, listed
from tonearm.ui.frame import plain
from tonearm.ui.section import IMPORT_FEATURES, Row, known_of, of_how_many
from tonearm.ui.sentences.why import FINDINGS, no_features

_NAMED = 3


def playlists(found: Sequence[Row]) -> str:
    """How many lists there are, and how much of them is known already."""
    if not found:
        return (
            "**None yet**: a playlist needs five tracks whose sound suits it, which takes audio features. "
            + IMPORT_FEATURES
        )
    kinds = Counter(row["kind"] for row in found)
    lists = counted(len({row["playlist"] for row in found}), "playlist")
    estimated = sum(row["feature_source"] in ("artist", "imputed") for row in found)
    guess = f" The sound of {estimated:,} of them is estimated or their artist's." if estimated else ""
    unheard = counted(kinds["unheard"], "that is", "that are")
    return (
        f"**{lists}** by the sound of the music: {counted(kinds['heard'], 'track')} you know and {unheard} not in your "
        f"history.{guess}"
    )


def best_hours(found: Sequence[Row]) -> str:
    """The hours whose music suits each aim more than usual."""
    known, listens = known_of(found)
    if not known:
        return no_features(listens)
    if all(row["verdict"] == "insufficient" for row in found):
        return "**Not enough data**: no hour has ten sessions with audio features to compare. " + of_how_many(
            known, listens
        )
    parts, none = [], []
    for aim, name in AIMS.items():
        at = [row["hour_of_day"] for row in found if row["aim"] == aim and row["verdict"] == "higher"]
        (parts.append(f"**{name.lower()}** {hours(at)}") if at else none.append(name.lower()))
    if not parts:
        answer = "**Not shown**: in no hour do you choose music for any aim more than chance would."
        return f"{answer} {of_how_many(known, listens)}".strip()
    rest = f" For {listed(none)} no hour stands out." if none else ""
    more = f"Hours in which you choose such music more than usual: {'; '.join(parts)}."
    return f"{more}{rest} {of_how_many(known, listens)}".strip()


def risers(found: Sequence[Row]) -> str:
    """After which tracks happier music followed than usually does."""
    if not found:
        return (
            "**Not enough data yet**: it takes a track with measured music before and after it in two sessions or "
            "more. " + IMPORT_FEATURES
        )
    tested = max(row["tracks_tested"] for row in found)
    findings = [row for row in found if row["verdict"] == "higher"]
    if not tested:
        return (
            "**Not enough data**: no track has ten sessions with measured music by other artists before and after it. "
            "The nearest are in the table, without a verdict."
        )
    if not findings:
        return (
            f"**None**: {counted(tested, 'track')} had enough sessions, and after none of them happier music followed "
            "than chance allows."
        )
    parts = [f"‘{plain(row['track_name'])}’ by {plain(row['artist_name'])}" for row in findings[:_NAMED]]
    rest = len(findings) - len(parts)
    names = listed([*parts, f"{rest} more"] if rest else parts)
    after = f"**After {counted(len(findings), 'track')} of {tested:,} tested**"
    return f"{after}: {names}. Whether they are the reason is not known."


def low_hours(found: Sequence[Row]) -> str:
    """In which hours more of the saddest-sounding music is heard than usual."""
    known, listens = known_of(found)
    if not known:
        return no_features(listens)
    tested = [row for row in found if row["verdict"] != "insufficient"]
    if not tested:
        return "**Not enough data**: no hour has ten sessions with audio features to compare. " + of_how_many(
            known, listens
        )
    low = [row for row in tested if row["verdict"] == "higher"]
    if not low:
        less = [row["hour_of_day"] for row in tested if row["verdict"] in FINDINGS]
        fewer = f" There is less of it at {hours(less)}." if less else ""
        answer = (
            f"**None shown**: in none of {counted(len(tested), 'tested hour')} is there more of your saddest-sounding "
            f"music than chance allows.{fewer}"
        )
        return f"{answer} {of_how_many(known, listens)}".strip()
    at = hours(row["hour_of_day"] for row in low)
    more = "you hear more of your saddest-sounding music than at other hours of the same months."
    return f"**At {at}** {more} {of_how_many(known, listens)}".strip()

"""A listener's feedback together with what they love and hate in their players, which know tracks by name alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tonearm.store.feedback import Feedback, Kind, feedback_of
from tonearm.store.loves import LOVED, Love, loves

if TYPE_CHECKING:
    from tonearm.recommend.answers.search import Names
    from tonearm.store import Store


def opinions_of(store: Store, listener: str, names: Callable[[], Names]) -> list[Feedback]:
    """The listener's feedback, and a like or a dislike for each track that they love or hate; raises UnknownName.

    ``names`` are asked for only where there is something to find among them.
    """
    given, loved = feedback_of(store, listener), loves(store, listener)
    return [*given, *as_feedback(loved, given, names())] if loved else given


def as_feedback(loved: Iterable[Love], given: Sequence[Feedback], names: Names) -> Iterator[Feedback]:
    """What was loved and hated, as feedback on the tracks that have exactly these names, in any spelling of theirs.

    A track with feedback of its own keeps that, and one that is not there yet is found as soon as it is.
    """
    has_own = {one.subject_id for one in given if one.subject == "track" and one.kind != "skip"}
    for love in loved:
        if love.artist_name and love.track_name:
            label = f"{love.artist_name} – {love.track_name}"
            for track in names.called(love.artist_name, love.track_name):
                if track not in has_own:
                    kind: Kind = "like" if love.score == LOVED else "dislike"
                    yield Feedback(kind, "track", track, label, love.given_at)

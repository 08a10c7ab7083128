"""Reasons in words: real numbers, one of each kind, and what they add."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recommend.test_home import home
from tonearm.recommend.explain import Reason, in_words
from tonearm.recommend.signals import NAMES


def track(artist: str, number: int = 0, is_heard: bool = False) -> int:
    items = home().items
    is_own = (items.artist_name == artist) & ((home().listens("l") > 0) == is_heard)
    return int(np.flatnonzero(is_own)[number])


def test_each_kind_of_reason_comes_once_and_all_add_up() -> None:
    history, place = home().history("l"), track("Artist 1")
    why = home().explain(history, place)
    found = in_words(home().signals, home().items, place, why, home().listens("l"))
    assert len(found) == len({one.signal for one in why}) <= len(NAMES)
    assert sum(amount for _, amount in found) == pytest.approx(home().scores(history)[place])
    assert [amount for _, amount in found] == sorted((amount for _, amount in found), reverse=True)


def test_numbers_are_counted_and_not_made_up() -> None:
    place, listens = track("Artist 0"), home().listens("l")
    text = "; ".join(what for what, _ in in_words(home().signals, home().items, place, _why(place), listens))
    own = int(listens[home().items.artist_name == "Artist 0"].sum())
    assert f"its artist heard {own} times" in text
    other, lists = _most(place)
    assert f"its artist on {lists} playlists with {other}" in text


def _why(place: int) -> list[Reason]:
    return home().explain(home().history("l"), place)


def _most(place: int) -> tuple[str, int]:
    """The artist that adds most to a track's company, and the number of playlists that have both, by the items."""
    amounts: dict[str, float] = {}
    for one in _why(place):
        if one.signal == "artists" and one.place is not None:
            name = home().items.artist_name[one.place]
            amounts[name] = amounts.get(name, 0.0) + one.amount
    other = max(amounts, key=lambda name: amounts[name])
    items = home().items
    both = (items.artist_name[place], other)
    own, theirs = (set(items.playlist_ids[items.artist_name == name].dropna()) for name in both)
    return other, len(own & theirs)


def test_a_song_is_compared_with_the_song() -> None:
    seed, place = track("Artist 3"), track("Artist 3", 1)
    found = in_words(home().signals, home().items, place, home().explain_similar(seed, place))
    texts = [what for what, _ in found]
    assert "also by Artist 3" in texts
    assert f"folk, like {home().items.track_name[seed]}" in texts
    assert not any("heard" in text for text in texts)


def test_a_sound_without_a_track_is_a_reason_too() -> None:
    place = track("Artist 30")
    found = in_words(home().signals, home().items, place, [Reason("sound", None, 1.0), Reason("genre", None, 0.5)])
    assert found == [("sounds like that", 1.0), ("techno, like that", 0.5)]

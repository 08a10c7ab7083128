"""What is new to a listener: later parts of a history are predicted from what was before."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.models import listed
from tests.recommend import homes
from tonearm.recommend.learning.listeners import (
    INNER,
    START,
    Heard,
    Question,
    gain_of_artists,
    learn_listener,
    places_of_artists,
    question,
    questions,
    rank_new,
)
from tonearm.recommend.model import Recommender, parts_of
from tonearm.recommend.signals import NAMES, Signals


@cache
def parts() -> tuple[pd.DataFrame, Heard]:
    rows, listens = parts_of(Recommender().examples(homes.tables(), listed.AS_OF))
    return rows, Heard.of(listens, rows)


def asked(artist: list[int], is_new: list[bool], finds: list[int]) -> Question:
    found = np.isin(artist, finds)
    return Question(np.zeros((len(artist), len(NAMES))), np.array(artist), np.array(is_new), found, found)


def test_windows_split_a_history_by_time() -> None:
    _, own = next(parts()[1].by_listener())
    for before, after in own.windows(INNER):
        assert before.at_d.max() <= after.at_d.min()
        assert len(after.at_d) == pytest.approx(len(own.at_d) * 0.2, abs=1)


def test_old_listens_count_less() -> None:
    heard = Heard(np.array(["l"] * 3, dtype=object), np.array([0, 1, -1]), np.array([0.0, 180.0, 180.0]))
    assert heard.history(3).tolist() == [0.5, 1, 0]


def test_a_question_is_of_tracks_that_were_not_heard_before() -> None:
    rows, heard = parts()
    signals = Signals.of(rows)
    _, own = next(heard.by_listener())
    before, after = next(own.windows(INNER))
    found = question(signals, rows.is_listed.to_numpy(), before, after)
    assert len(found.values) == rows.is_listed.sum() - len(np.unique(before.place[before.place >= 0]))
    assert not found.finds_track[found.is_new & ~found.finds_artist].any()
    assert found.finds_artist[found.is_new].any()


def test_an_artist_stands_where_its_best_track_does_and_equals_share_their_places() -> None:
    one = asked([0, 0, 1, 2, 3], [True, True, True, True, False], finds=[1])
    scores = np.array([0.1, 0.9, 0.5, 0.5, 2.0])
    assert places_of_artists(one, scores)[:3].tolist() == [1, 2.5, 2.5]
    artists, gains = gain_of_artists(one, scores)
    assert artists.tolist() == [1]
    assert gains.tolist() == [pytest.approx(1 / np.log2(3.5))]


def test_artists_of_the_listeners_scene_are_learned_to_come_first() -> None:
    rows, heard = parts()
    weights = learn_listener(questions(Signals.of(rows), rows.is_listed.to_numpy(), heard))
    assert (weights >= 0).all()
    assert weights[[NAMES.index(name) for name in ("artists", "genre", "sound")]].sum() > 0
    found = rank_new(rows, heard)[0]
    assert set(found.listener.tolist()) == {"l", "m"}  # type: ignore[union-attr]
    chance = np.mean(1 / np.log2(1 + np.arange(1, homes.SCENES * homes.PER_SCENE)))
    assert found.predicted.mean() > 1.2 * chance


def test_who_heard_too_little_is_given_the_weights_of_songs() -> None:
    rows, heard = parts()
    few = heard.part(np.arange(len(heard.at_d)) < 2)
    assert (learn_listener(questions(Signals.of(rows), rows.is_listed.to_numpy(), few)) == START).all()
    assert (learn_listener([]) == START).all()
    assert rank_new(rows, few) == []


def test_what_comes_later_is_not_learned_from() -> None:
    rows, heard = parts()
    own = rank_new(rows, heard)[0]
    last = heard.at_d >= np.quantile(heard.at_d, 0.9)
    moved = np.where(last, np.roll(heard.place, 1), heard.place)
    other = rank_new(rows, Heard(heard.listener, moved, heard.at_d))[0]
    both = min(len(own.predicted), len(other.predicted)) // 4
    assert (own.predicted[:both] == other.predicted[:both]).all()

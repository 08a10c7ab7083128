"""Both models on histories whose next items are known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recommend.again.histories import played
from tonearm.errors import NotEnoughData
from tonearm.recommend.again import activation, next_in_session
from tonearm.recommend.again.blend import learn
from tonearm.recommend.again.replay import baselines, replay, replay_openings


def albums(sessions: int, seed: int = 1) -> list[str]:
    """Sessions that play one of five albums in order, begun at any track."""
    rng = np.random.default_rng(seed)
    kept = ("abcdef", "ghijkl", "mnopqr", "stuvwx", "ABCDEF")
    return [kept[rng.integers(5)][rng.integers(3) :] for _ in range(sessions)]


def test_albums_in_order_are_predicted() -> None:
    found = replay(played(*albums(120)))
    assert found.mean("next in session", "hr@1") > 0.95
    assert found.mean("hear again", "r_precision") > 0.8 > found.mean("most recent", "r_precision")
    gain, low, high = found.gain("hear again", "most recent", "r_precision")
    assert 0 < low < gain < high


def test_where_nothing_follows_from_anything_nothing_is_found() -> None:
    rng = np.random.default_rng(2)
    letters = [chr(0x100 + k) for k in range(200)]
    found = replay(played(*("".join(rng.choice(letters, 8)) for _ in range(150))))
    assert found.mean("next in session", "hr@1") < 0.05
    _, low, _ = found.gain("next in session", "most heard", "hr@10")
    assert low < 0.5


def test_a_session_shuffled_between_artists_is_found_by_activation_and_not_by_order() -> None:
    rng = np.random.default_rng(3)
    moods = ("abcdefgh", "ijklmnop")
    sessions = ["".join(rng.permutation(list(moods[rng.integers(2)]))) for _ in range(80)]
    found = replay(played(*sessions))
    assert found.mean("hear again", "r_precision") > found.mean("markov", "r_precision")
    assert found.mean("hear again", "r_precision") > found.mean("most recent", "r_precision")


def test_before_a_session_the_hour_tells_what_it_will_be() -> None:
    rng = np.random.default_rng(5)
    sessions = ["".join(rng.permutation(list("abcdefgh" if n % 2 else "ijklmnop"))[:4]) for n in range(200)]
    found = replay_openings(played(*sessions, days_apart=0.5, hours=(20, 8)))
    assert found.mean("hear again", "r_precision") > found.mean("most recent", "r_precision")


def test_baselines_answer_in_their_order() -> None:
    history = played("abac", "adabab")
    answers = baselines(history, np.array([6]))
    listed = {
        name: "".join(history.ids[item] for item in found[1][np.argsort(found[2])]) for name, found in answers.items()
    }
    assert listed["markov"] == "dcb", "each followed once, the newest first"
    assert listed["most recent"] == "adcb"
    assert listed["most heard"][0] == "a"


def test_what_is_learned_does_not_depend_on_what_comes_later() -> None:
    sessions = albums(60)
    until = sum(map(len, sessions[:50]))
    for fit in (next_in_session.fit, activation.fit):
        whole, cut = fit(played(*sessions), until), fit(played(*sessions[:50]))
        assert np.allclose(whole.weights, cut.weights)


def test_a_short_history_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(NotEnoughData, match="hear again needs 30 moments"):
        activation.fit(played("abc", "abc"))


def test_weights_lead_to_what_was_chosen() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(4_000, 2)).astype(np.float32)
    choice = np.repeat(np.arange(400), 10)
    utility = (values @ [2.0, 0.0] + rng.gumbel(size=4_000)).reshape(400, 10)
    wanted = (utility == utility.max(axis=1, keepdims=True)).ravel().astype(float)
    blend = learn(("matters", "does not"), values, choice, wanted)
    assert blend.weights == pytest.approx([2.0, 0.0], abs=0.25)
    assert blend.contributions(values).sum(axis=1) == pytest.approx(blend.score(values), abs=1e-4)

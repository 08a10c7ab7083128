"""What every model keeps to, whatever it predicts."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models import listed, listening, test_breakout
from tests.recommend import homes
from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models import ABOUT_TRACKS, chosen, find, names, registered_as
from tonearm.models.evaluate import measure
from tonearm.models.lifecycle.training import decisive
from tonearm.models.model import SCORE_COLUMNS, Fitted, answers, served_by_column, target_of
from tonearm.models.served import load, seal

Tables = dict[str, pd.DataFrame]


def _heard() -> pd.DataFrame:
    """A year of mornings and evenings, calm and lively ones, six listens each."""
    rng = np.random.default_rng(2)
    days = [listening.BEGIN + pd.Timedelta(days=d) for d in range(340)]
    starts = [day + pd.Timedelta(hours=h) for day in days for h in (7, 19) if rng.random() < 0.8]
    at = pd.Series([start + pd.Timedelta(minutes=4 * k) for start in starts for k in range(6)])
    rows = listening.listens(at)
    calm = (rows["started_at"].dt.hour < 12).to_numpy()
    level = np.where(calm, 0.25, 0.75) + rng.normal(0, 0.08, len(rows))
    return rows.assign(energy=level, valence=level, acousticness=1 - level)


@cache
def tables(name: str) -> Tables:
    if name == "breakout":
        return {"artist_months": test_breakout.made()}
    if name in ("next_mood", "session_start", "energy_forecast"):
        return listening.tables(_heard())
    if name == "recommender":
        return homes.tables()
    # Half of what is heard is in the catalogue.
    titles = [f"Unknown {k % 40}" if k % 2 else f"Song {18 + k % 6}" for k in range(400)]
    heard = pd.DataFrame({"artist_name": "Artist 3", "track_name": titles})
    return listed.tables(listed.catalogue(), heard.assign(session=np.arange(400) // 8))


def as_of(name: str) -> object:
    return listed.AS_OF if name in ABOUT_TRACKS or name == "recommender" else listening.AS_OF


@cache
def examples(name: str) -> pd.DataFrame:
    return find(name).examples(tables(name), as_of(name))  # type: ignore[arg-type]


@cache
def fitted(name: str) -> Fitted:
    return find(name).fit(examples(name), 1)


def asked(name: str) -> pd.DataFrame:
    return examples(name).tail(30).reset_index(drop=True)


every_model = pytest.mark.parametrize("name", names())


@every_model
def test_it_says_what_it_is_for(name: str) -> None:
    model = find(name)
    assert model.name == name
    for text in (model.summary, model.baseline, *model.limits):
        assert len(text) > 8
    assert model.limits


@every_model
def test_the_same_seed_learns_the_same(name: str, tmp_path: Path) -> None:
    again = find(name).fit(examples(name), 1)
    pd.testing.assert_frame_equal(again.predict(asked(name)), fitted(name).predict(asked(name)))


@every_model
def test_it_refuses_too_little_and_says_what_is_missing(name: str) -> None:
    few = {table: rows.head(5) for table, rows in tables(name).items()}
    with pytest.raises(NotEnoughData, match=rf"{name} needs .+; there .+"):
        find(name).examples(few, as_of(name))  # type: ignore[arg-type]


@every_model
def test_what_is_held_out_is_measured_beside_a_baseline(name: str) -> None:
    model = find(name)
    held = model.held_out(examples(name), 1)
    for part in held:
        n = len(part.actual)
        assert part.predicted.shape == part.baseline.shape
        assert len(part.predicted) == len(part.block) == n
        assert np.isfinite(part.predicted).all()
        if part.task != "regression":
            assert (part.predicted >= 0).all()
            assert (part.predicted <= 1 + 1e-9).all()
    found = [one for part in held for one in measure(part, resamples=20)]
    assert [one.target for one in decisive(model, found)] == [one.target for one in model.decides]
    assert all(target_of(model, one.target) for one in found), "what is measured belongs to what is decided"


@every_model
def test_a_record_may_lack_anything(name: str) -> None:
    strange = pd.DataFrame(
        [
            {},
            dict.fromkeys(map(str, examples(name).columns)),
            {"energy": float("nan"), "plays_t": float("inf"), "genre": "never heard of", "hour_of_day": -1},
        ]
    )
    assert len(fitted(name).predict(strange)) == len(fitted(name).baseline(strange)) == 3


@every_model
def test_what_a_version_does_not_serve_is_answered_by_the_baseline(name: str) -> None:
    model, records = find(name), asked(name).assign(hour_of_day=12)
    own, other = fitted(name).predict(records), fitted(name).baseline(records)
    assert list(own.columns) == list(other.columns)
    targets = [one.target for one in model.decides]
    for served in ([], targets[:1], targets):
        found = answers(model, fitted(name), records, served)
        for target in targets:
            by = found[served_by_column(model, target)]
            assert by.isin(["model", "baseline"] if target in served else ["baseline"]).all()
        for column in own.columns:
            if target_of(model, column) and not column.endswith("served_by"):
                source = own if target_of(model, column) in served else other
                pd.testing.assert_series_equal(found[column], source[column])
    is_model = [found[served_by_column(model, target)].eq("model").any() for target in targets]
    assert any(is_model) != own.equals(other), "a listener may be given the baseline of what is served"


@every_model
def test_what_is_saved_says_the_same_and_runs_no_code(name: str, tmp_path: Path) -> None:
    fitted(name).save(tmp_path)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files
    assert {p.suffix for p in files} <= {".json", ".skops", ".ubj", ".safetensors"}
    sha256 = seal(tmp_path, name)
    loaded = load(tmp_path, find(name), sha256)
    pd.testing.assert_frame_equal(loaded.predict(asked(name)), fitted(name).predict(asked(name)))
    files[0].write_bytes(files[0].read_bytes() + b" ")
    with pytest.raises(ModelDamaged):
        load(tmp_path, find(name), sha256)


@every_model
def test_a_threshold_moves_yes_and_no_and_nothing_else(name: str) -> None:
    usual, sure = (fitted(name).predict(asked(name), threshold) for threshold in (None, 1.0))
    changed = [column for column in usual if not usual[column].equals(sure[column])]
    assert set(changed) <= ({"popular", "is_breakout"} if find(name).has_threshold else set())


@every_model
def test_scores_are_rows_of_the_lake(name: str) -> None:
    rows = fitted(name).scores(tables(name), as_of(name))  # type: ignore[arg-type]
    assert set(rows.columns) <= {*SCORE_COLUMNS, "standard_error"}
    assert {"subject", "quantity", "score"} <= set(rows.columns)
    assert len(rows)
    assert np.isfinite(rows["score"].astype(float)).all()
    assert np.isfinite(rows["baseline_score"].astype(float)).all()
    assert all(target_of(find(name), quantity) for quantity in rows["quantity"].unique())


@every_model
def test_nothing_after_as_of_is_learned(name: str) -> None:
    model, early = find(name), as_of(name) - timedelta(days=60)  # type: ignore[operator]
    rows = model.examples(tables(name), early)
    later = {table: _without_after(frame, early) for table, frame in tables(name).items()}
    pd.testing.assert_frame_equal(
        rows.reset_index(drop=True), model.examples(later, early).reset_index(drop=True), check_dtype=False
    )


def _without_after(rows: pd.DataFrame, early: object) -> pd.DataFrame:
    for column in ("started_at", "month"):
        if column in rows:
            at = pd.to_datetime(rows[column], utc=True)
            return rows[at < pd.Timestamp(early)]  # type: ignore[arg-type]
    return rows


def test_models_come_in_the_order_in_which_they_are_trained() -> None:
    assert [model.name for model in chosen(("breakout", "mood"))] == ["mood", "breakout"]
    assert [model.name for model in chosen(("spotify_classifier",))] == ["popularity"]


def test_what_is_known_of_models_before_they_are_loaded_is_what_they_are_registered_as() -> None:
    assert {name: registered_as(name) for name in names()} == {model.name: model.registered for model in chosen(())}

"""From the lake to a version that is served, with a model small enough to check by hand."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from msgspec.structs import replace

import tonearm.models
from tests.models import coin
from tonearm.errors import ModelDamaged, ModelOutdated, NotRegistered, RegistryUnreachable, UsageError
from tonearm.lake import open_lake
from tonearm.models.lifecycle.predicting import predict
from tonearm.models.lifecycle.registry import open_registry
from tonearm.models.lifecycle.scoring import outdated, score
from tonearm.models.lifecycle.training import evaluations, roll_back, serve, train
from tonearm.models.served import load, seal
from tonearm.settings import Settings


@pytest.fixture
def settings(home_with_registry: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setitem(sys.modules, "tonearm.models.coin", coin)
    monkeypatch.setattr(tonearm.models, "_MODELS", {"coin": "Coin"})
    monkeypatch.setattr(tonearm.models, "_REGISTERED", {"coin": "coin_model"})
    return home_with_registry


def trained_with(monkeypatch: pytest.MonkeyPatch, settings: Settings, **fields: object) -> str:
    """Train with other defaults; the status."""
    monkeypatch.setattr(coin.Coin, "__init__", lambda self: _set(self, {"bias": 0.9, "tosses": 400, **fields}))
    return train(settings)[0].status


def _set(model: coin.Coin, fields: dict[str, object]) -> None:
    for name, value in fields.items():
        object.__setattr__(model, name, value)


def test_a_model_that_beats_its_baseline_is_served(settings: Settings) -> None:
    (report,) = train(settings)
    assert (report.status, report.version, report.rows, report.scores) == ("served", 1, 400, 2)
    version = open_registry(settings).production("coin_model")
    assert version is not None
    assert version.aliases == ("production", "staging")
    assert version.passed == version.serves == ("heads",)
    scores = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    assert {(row["quantity"], row["served_by"], row["model_version"]) for row in scores} == {
        ("a", "model", 1),
        ("b", "model", 1),
    }
    answers, _ = predict(settings, "coin", pd.DataFrame({"coin": ["a", "b", "never seen"]}))
    assert answers["probability"].round(1).tolist() == [0.9, 0.1, 0.5]


def test_one_that_does_not_is_kept_and_its_baseline_answers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained_with(monkeypatch, settings, bias=0.5) == "baseline"
    assert open_registry(settings).production("coin_model") is None
    scores = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    assert {row["served_by"] for row in scores} == {"baseline"}
    assert len({row["score"] for row in scores}) == 1


def test_without_a_version_that_passed_every_answer_is_the_baseline_s(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_with(monkeypatch, settings, bias=0.5)
    answers, version = predict(settings, "coin", pd.DataFrame({"coin": ["a", "b"]}))
    assert version.serves == ()
    assert answers["probability"].nunique() == 1
    assert answers["served_by"].tolist() == ["baseline", "baseline"]


def test_a_version_that_a_newer_one_shows_to_be_no_better_is_retired(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained_with(monkeypatch, settings) == "served"
    assert trained_with(monkeypatch, settings, bias=0.5) == "baseline"
    registry = open_registry(settings)
    assert registry.production("coin_model") is None
    newer, older = registry.versions("coin_model")
    assert (newer.serves, older.serves) == ((), ())
    assert older.decision.startswith("retired by version 2: log_loss")
    assert not any(row["is_served"] for version in (1, 2) for row in evaluations(settings, "coin", version))
    answers, _ = predict(settings, "coin", pd.DataFrame({"coin": ["a"]}))
    assert answers["served_by"].tolist() == ["baseline"]
    scores = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    assert {row["served_by"] for row in scores} == {"baseline"}


def test_what_was_retired_can_be_rolled_back_to_and_then_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bias in (0.9, 0.5, 0.5):
        trained_with(monkeypatch, settings, bias=bias)
    assert roll_back(settings, "coin", "I like it").version == 1
    assert evaluations(settings, "coin", 1)[0]["is_served"]
    assert trained_with(monkeypatch, settings, bias=0.5) == "served"
    served = open_registry(settings).production("coin_model")
    assert served is not None
    assert (served.version, served.is_by_hand, served.serves) == (1, True, ("heads",))
    assert trained_with(monkeypatch, settings) == "served"
    served = open_registry(settings).production("coin_model")
    assert served is not None
    assert (served.version, served.is_by_hand) == (5, False)


def test_too_little_is_an_answer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coin.Coin, "__init__", lambda self: _set(self, {"bias": 0.9, "tosses": 5}))
    (report,) = train(settings)
    assert report.status == "not_enough_data"
    assert report.message == "coin needs 20 tosses; there are 5 tosses"
    with pytest.raises(NotRegistered, match="tonearm train coin"):
        predict(settings, "coin", pd.DataFrame({"coin": ["a"]}))


def test_training_twice_on_the_same_gives_the_same(settings: Settings) -> None:
    train(settings)
    train(settings)
    first, second = (evaluations(settings, "coin", version) for version in (1, 2))
    keys = ("metric", "value", "value_low", "gain", "gain_low", "rows")
    assert [[row[k] for k in keys] for row in first] == [[row[k] for k in keys] for row in second]
    registry = open_registry(settings)
    newer, older = registry.versions("coin_model")
    assert newer.split_hash == older.split_hash
    files = [registry.folder(version) / "coin.json" for version in (newer, older)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_person_may_decide_otherwise_and_take_it_back(settings: Settings) -> None:
    train(settings)
    train(settings)
    assert serve(settings, "coin", "1", "production", "I like it").decision == "by hand: I like it"
    assert evaluations(settings, "coin", 1)[0]["is_served"]
    assert not evaluations(settings, "coin", 2)[0]["is_served"]
    assert roll_back(settings, "coin", "I do not").version == 2
    with pytest.raises(NotRegistered, match="no version '7'; there are: 1, 2 production staging"):
        serve(settings, "coin", "7", "production", "")
    with pytest.raises(UsageError, match="staging or production"):
        serve(settings, "coin", "1", "best", "")


def test_an_altered_file_is_refused(settings: Settings) -> None:
    train(settings)
    registry = open_registry(settings)
    version = registry.version("coin_model", "production")
    file = registry.folder(version) / "coin.json"
    file.write_text(file.read_text().replace("0.", "0.0"))
    with pytest.raises(ModelDamaged, match=r"coin\.json of model coin is not what was registered"):
        predict(settings, "coin", pd.DataFrame({"coin": ["a"]}))


def test_an_altered_manifest_is_refused(settings: Settings) -> None:
    train(settings)
    registry = open_registry(settings)
    manifest = registry.folder(registry.version("coin_model", "production")) / "tonearm.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 3'))
    with pytest.raises(ModelDamaged, match="not what was registered"):
        score(settings)


def test_a_version_of_another_layout_is_known_as_one_to_train_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("tonearm.models.served.FORMAT", 1)
        train(settings)
        assert outdated(settings) == []
    assert outdated(settings) == ["coin"]
    with pytest.raises(ModelOutdated, match="train it again"):
        score(settings)
    train(settings)
    assert outdated(settings) == []


def test_files_of_another_layout_or_model_are_refused(settings: Settings, tmp_path: Path) -> None:
    coin.Coin().fit(coin.Coin().examples({}, datetime.now(UTC))).save(tmp_path)
    seal(tmp_path, "coin")
    assert load(tmp_path, tonearm.models.find("coin"))
    manifest = tmp_path / "tonearm.json"
    kept = manifest.read_text()
    manifest.write_text(kept.replace('"format": 2', '"format": 0'))
    with pytest.raises(ModelDamaged, match="written in layout 0, this tonearm reads 2"):
        load(tmp_path, tonearm.models.find("coin"))
    manifest.write_text(kept.replace('"coin"', '"dice"'))
    with pytest.raises(ModelDamaged, match="holds the model dice, not coin"):
        load(tmp_path, tonearm.models.find("coin"))
    manifest.write_text("{")
    with pytest.raises(ModelDamaged, match="cannot be read"):
        load(tmp_path, tonearm.models.find("coin"))


def test_a_registry_that_does_not_answer_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_text("no database, but long enough to look like one " * 40)
    broken = replace(settings, mlflow_tracking_uri=f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with pytest.raises(RegistryUnreachable, match="cannot be used"):
        train(broken)


def test_what_answers_is_remembered_without_mlflow_until_the_registry_changes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings, ["coin"])
    known = open_registry(settings).versions("coin_model")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "mlflow", None)
        patch.setattr("tonearm.models.require", lambda: None)
        assert open_registry(settings).versions("coin_model") == known
        assert score(settings, ["coin"])[0].version == known[0].version
    client = open_registry(settings).client
    client.delete_registered_model_alias("coin_model", "production")
    assert open_registry(settings).production("coin_model") is None


def asked_of_mlflow(settings: Settings, monkeypatch: pytest.MonkeyPatch, **options: object) -> pd.DataFrame:
    """What ``mlflow.pyfunc`` answers of a home's version in production."""
    import mlflow

    # MLflow sets it; put back after the test.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    mlflow.set_tracking_uri(open_registry(settings).uri)
    loaded = mlflow.pyfunc.load_model("models:/coin_model@production", **options)
    answers: pd.DataFrame = loaded.predict(pd.DataFrame({"coin": ["a"]}))
    return answers


def test_a_home_that_was_moved_keeps_its_models_also_for_mlflow(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings, ["coin"])
    moved = replace(settings, home=settings.home.rename(tmp_path / "else where"))
    registry = open_registry(moved)
    assert registry.folder(registry.versions("coin_model")[0]).is_relative_to(moved.home)
    assert asked_of_mlflow(moved, monkeypatch)["probability"].round(1).tolist() == [0.9]
    pictures = registry.plots(registry.versions("coin_model")[0])
    assert pictures and all(registry.artefacts in picture.parents for picture in pictures)  # None of them a copy.


def test_mlflow_itself_answers_what_is_served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    train(settings)
    assert "MLFLOW_TRACKING_URI" not in os.environ
    answers = asked_of_mlflow(settings, monkeypatch)
    assert (answers["probability"].round(1).tolist(), answers["served_by"].tolist()) == ([0.9], ["model"])
    answers = asked_of_mlflow(settings, monkeypatch, model_config={"serves": []})
    assert (answers["probability"].round(1).tolist(), answers["served_by"].tolist()) == ([0.5], ["baseline"])


def test_mlflow_refuses_files_that_were_altered_and_sealed_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings)
    registry = open_registry(settings)
    folder = registry.folder(registry.version("coin_model", "production"))
    (folder / "tonearm.json").unlink()
    (folder / "coin.json").write_text('[{"a": 0.1}, 0.5]')
    seal(folder, "coin")
    with pytest.raises(ModelDamaged, match="not what was registered"):
        asked_of_mlflow(settings, monkeypatch)


def test_scoring_learns_nothing_and_is_the_same(settings: Settings) -> None:
    train(settings)
    before = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    (report,) = score(settings)
    after = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    assert (report.scores, report.version) == (2, 1)
    assert [{**row, "as_of_at": None} for row in before] == [{**row, "as_of_at": None} for row in after]

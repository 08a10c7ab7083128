"""Training, asking and promoting from the command line, with a model small enough to check by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.models import coin

import tonearm.models
from tonearm.cli import main
from tonearm.models.lifecycle.registry import open_registry
from tonearm.settings import load_settings

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty registry, which the tests of this file share."""
    settings = load_settings(tmp_path_factory.mktemp("models") / "home", {})
    assert open_registry(settings).names() == []
    return settings.home


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setitem(sys.modules, "tonearm.models.coin", coin)
    monkeypatch.setattr(tonearm.models, "_MODELS", {"coin": "Coin"})

    def run(*words: str | Path, expect: int = 0) -> Result:
        result = CliRunner(env={"COLUMNS": "120"}).invoke(main, ["--home", str(home), *map(str, words)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return run


def answer(result: Result) -> Any:
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_before_and_after_training(call: Run, tmp_path: Path) -> None:
    assert "no model has been trained yet" in call("models").stdout
    asked = tmp_path / "coins.json"
    asked.write_text('{"records": [{"coin": "a"}, {"coin": null}, {}]}')
    assert "tonearm train coin" in call("predict", "coin", "--input", asked, expect=2).stderr
    (trained,) = answer(call("train", "--json"))["models"]
    assert (trained["status"], trained["version"]) == ("served", 1)
    (listed,) = answer(call("models", "--json"))["models"]
    assert listed["production"] == 1
    said = answer(call("predict", "coin", "--input", asked, "--json"))
    assert [round(one["probability"], 1) for one in said["predictions"]] == [0.9, 0.5, 0.5]
    assert said["served_by"] == {"heads": "model"}
    assert {one["served_by"] for one in said["predictions"]} == {"model"}


def test_two_versions_side_by_side_and_a_persons_choice(call: Run) -> None:
    call("train")
    versions = answer(call("models", "show", "coin", "--json"))["versions"]
    assert versions[0]["aliases"] == ["production", "staging"]
    compared = answer(call("models", "compare", "coin", "1", "production", "--json"))
    assert compared["same_rows"]
    assert all(row["first"] == row["second"] for row in compared["metrics"])
    assert "--reason" in call("models", "promote", "coin", "1", "production", expect=2).stderr
    promoted = answer(call("models", "promote", "coin", "1", "production", "--reason", "it is mine", "--json"))
    assert promoted["version"]["decision"] == "by hand: it is mine"
    assert "is production" in call("models", "rollback", "coin").stdout
    shown = call("models", "show", "coin").stdout
    assert "Knows no dice." in shown
    for part in ("log_loss", "protocol", "grouped by day", "serves", "heads"):
        assert part in shown, part


def test_the_card_has_the_protocol_and_the_limits(call: Run) -> None:
    text = call("models", "card", "coin").stdout
    for part in ("# coin", "all coins' share", "grouped by day", "**log_loss**", "Knows no dice.", "developer terms"):
        assert part in text, part


def test_records_that_cannot_be_read_get_a_sentence(call: Run, tmp_path: Path) -> None:
    for name, text, said in (
        ("a.json", "[1, 2]", "list of objects"),
        ("b.json", "{", "cannot be read"),
        ("c.json", "[]", "no records"),
        ("d.csv", "", "cannot be read"),
        ("e.parquet", "no parquet", "cannot be read"),
        ("f.json", "[{}]", "without a field"),
        ("g.json", '[{"coin": ["a"]}]', "is a list or an object"),
        ("h.xlsx", "PK", "is a spreadsheet"),
    ):
        (tmp_path / name).write_text(text)
        assert said in call("predict", "coin", "--input", tmp_path / name, expect=3).stderr, name
    assert "is not there" in call("predict", "coin", "--input", tmp_path / "none.json", expect=3).stderr
    assert "is a folder" in call("predict", "coin", "--input", tmp_path, expect=3).stderr
    (tmp_path / "one.json").write_text('[{"coin": "a"}]')
    asked = ("predict", "coin", "--input", tmp_path / "one.json", "--threshold", "0.5")
    assert "coin has no threshold" in call(*asked, expect=3).stderr


def test_a_model_that_is_not_there(call: Run) -> None:
    assert "did you mean coin?" in call("train", "coinn", expect=2).stderr
    assert "no version '99'" in call("models", "show", "coin", "99", expect=2).stderr


def test_forecasts_on_trial(call: Run) -> None:
    assert "no forecast has been kept yet" in call("models", "trial").stdout
    assert answer(call("models", "trial", "--json")) == {"trials": [], "open": 0, "next_due_at": None}
    assert "bob" in call("models", "trial", "--listener", "bob", expect=2).stderr

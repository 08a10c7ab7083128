"""Predictions for records that somebody brings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tonearm.errors import InputError, NotRegistered
from tonearm.models import find, names
from tonearm.models.lifecycle import predicting
from tonearm.models.lifecycle.predicting import predict, read_records
from tonearm.settings import Settings

RECORDS = pd.DataFrame({"energy": [0.5]})


@pytest.mark.parametrize("name", [name for name in names() if not find(name).has_threshold])
def test_a_threshold_for_a_model_without_one_gets_a_sentence(settings: Settings, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} has no threshold; popularity and breakout have one"):
        predict(settings, name, RECORDS, threshold=0.5)


def test_a_model_with_a_threshold_must_be_trained_first(home_with_registry: Settings) -> None:
    with pytest.raises(NotRegistered, match="tonearm train popularity"):
        predict(home_with_registry, "popularity", RECORDS, threshold=0.5)


def test_records_come_as_any_of_the_usual_files(tmp_path: Path) -> None:
    files = {
        "list.json": '[{"energy": 0.5}, {}]',
        "records.json": '\ufeff{"records": [{"energy": 0.5}, {}]}',
        "lines.jsonl": '{"energy": 0.5}\n\n{"energy": null}\n',
        "table.csv": "energy,key\n0.5,1\n,2\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    pd.DataFrame({"energy": [0.5, None]}).to_parquet(tmp_path / "table.parquet")
    for name in (*files, "table.parquet"):
        assert read_records(tmp_path / name)["energy"].fillna(-1).tolist() == [0.5, -1], name
    (tmp_path / "one.json").write_text('{"energy": 0.5}')
    assert len(read_records(tmp_path / "one.json")) == 1


def test_too_much_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.json"
    path.write_text("[{}, {}, {}]")
    with monkeypatch.context() as few:
        few.setattr(predicting, "MOST_RECORDS", 2)
        with pytest.raises(InputError, match="3 records; at most 2"):
            read_records(path)
    monkeypatch.setattr(predicting, "MOST_MB", 0)
    with pytest.raises(InputError, match="more than 0 MB; split it"):
        read_records(path)

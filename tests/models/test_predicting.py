"""Predictions for records that somebody brings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from tonearm.errors import InputError, NotRegistered
from tonearm.models import find, names
from tonearm.models.lifecycle import predicting
from tonearm.models.lifecycle.predicting import predict, read_records
from tonearm.models.model import Fitted
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


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nested.json", '[{"energy": 0.5}, {"energy": {"value": 0.5}}]', "'energy' of record 2 is a list or an object"),
        ("listed.json", '{"energy": [0.5, 0.6]}', "'energy' of record 1 is a list or an object"),
        ("empty.json", "[{}]", "records without a field; name what is known"),
        ("book.xlsx", "PK", "is a spreadsheet, which is not read; save it as CSV"),
        ("picture.json", b"\x89PNG\xff\xfe", "no text in UTF-8"),
    ],
)
def test_what_holds_no_records_gets_a_sentence(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=said):
        read_records(tmp_path / name)


def test_a_folder_is_not_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name a file"):
        read_records(tmp_path)


@pytest.mark.filterwarnings("error")
def test_a_number_larger_than_any_quantity_is_missing(tmp_path: Path) -> None:
    big = ["1e308", "-1e308", "1" + "0" * 400, '"1e308"', "1e999"]
    lines = [f'{{"energy": {number}}}\n' for number in [*big, "0.5", '"low"']]
    (tmp_path / "big.jsonl").write_text("".join(lines))
    (tmp_path / "big.csv").write_text("energy,key\n1e308,1\n0.5,1\n")
    read = read_records(tmp_path / "big.jsonl")["energy"]
    assert read.isna().tolist() == [True] * 5 + [False, False]
    assert read_records(tmp_path / "big.csv")["energy"].isna().tolist() == [True, False]


def test_genres_that_a_model_never_heard_of_are_named() -> None:
    fitted = cast(Fitted, SimpleNamespace(genres={"rock"}))
    records = pd.DataFrame({"genre": ["rock", None, "", "polka", "polka", *"abc"]})
    assert list(predicting.unknown_genres(find("popularity"), fitted, records)) == [
        "popularity learned of no genre 'polka', 'a', 'b' and 1 more; it is taken as not known"
    ]
    assert list(predicting.unknown_genres(find("popularity"), fitted, records.head(3))) == []
    assert list(predicting.unknown_genres(find("mood"), cast(Fitted, SimpleNamespace()), records)) == []

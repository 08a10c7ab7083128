"""Measuring a recommender from the command line, on a dataset of forty listeners in two tastes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.recommend.interactions import two_tastes

from tonearm.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two tastes in the files of hetrec2011; a tag for each taste."""
    folder = tmp_path_factory.mktemp("hetrec")
    pairs = two_tastes().counts.tocoo()
    plays = [
        f"{row}\t{column}\t{int(count)}" for row, column, count in zip(pairs.row, pairs.col, pairs.data, strict=True)
    ]
    tags = [f"{row}\t{column}\t{column // 8}\t1\t1\t2009" for row, column in zip(pairs.row, pairs.col, strict=True)]
    for name, header, lines in (
        ("user_artists.dat", "userID\tartistID\tweight", plays),
        ("user_taggedartists.dat", "userID\tartistID\ttagID\tday\tmonth\tyear", tags),
        ("user_friends.dat", "userID\tfriendID", ["0\t1", "1\t0"]),
    ):
        (folder / name).write_text("\n".join([header, *lines]) + "\n")
    return folder


def call(*words: str | Path, expect: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "120"}).invoke(main, ["recommend", "evaluate", *map(str, words)])
    assert result.exit_code == expect, (result.output, result.exception)
    return result


def answer(*words: str | Path) -> Any:
    (line,) = call(*words, "--json").stdout.splitlines()
    return json.loads(line)


@pytest.mark.parametrize("protocol", ["weak", "strong"])
def test_taste_beats_popularity(folder: Path, protocol: str) -> None:
    tastes, popularity = (
        answer("--path", folder, "--protocol", protocol, "--model", model) for model in ("neighbours", "popularity")
    )
    assert tastes["ndcg@10"] > popularity["ndcg@10"] + 0.1
    assert tastes["n"] == 80
    low, high = tastes["intervals"]["ndcg@10"]
    assert low < tastes["ndcg@10"] < high


def test_every_figure_is_there(folder: Path) -> None:
    found = answer("--path", folder, "--model", "features", "--seed", 3)
    assert (found["model"], found["dataset"]) == ("features", "hetrec2011")
    assert found["seed"] == 3
    for name in ("ndcg@10", "ndcg@100", "recall@20", "coverage@10"):
        assert 0 < found[name] <= 1
    assert found["popularity_lift"] > 0
    assert found["seconds"] >= 0


def test_items_nobody_heard_are_ranked_by_their_tags(folder: Path) -> None:
    found = answer("--path", folder, "--protocol", "unseen", "--model", "features")
    assert found["ndcg@10"] > 0.9
    assert found["popularity_lift"] is None


def test_a_person_reads_a_table(folder: Path) -> None:
    shown = call("--path", folder, "--model", "popularity").stdout
    assert "popularity on hetrec2011, weak" in shown
    assert "80 listeners, seed 1" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--path", "nowhere"], "nowhere has no file user_artists.dat"),
        (["--dataset", "hetrec"], "did you mean hetrec2011?"),
        (["--model", "hybird"], "did you mean hybrid"),
        (["--protocol", "week"], "did you mean weak?"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(folder: Path, words: list[str], message: str) -> None:
    path = [] if "--path" in words else ["--path", str(folder)]
    assert message in call(*path, *words, expect=2).stderr

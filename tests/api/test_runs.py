"""A run asked for over HTTP does what the command does, and says what it did."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import HISTORY
from tonearm.home import make_home
from tonearm.models.lifecycle.training import TrainReport
from tonearm.run.predictions import Predicted
from tonearm.settings import Settings


def test_a_run_imports_the_inbox_builds_and_says_what_the_models_did(
    http: httpx.Client, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = [TrainReport(model="mood", status="not_enough_data", message="mood needs more")]
    asked: list[bool] = []
    monkeypatch.setattr(
        "tonearm.run.predict", lambda _, __, full, *___: asked.append(full) or Predicted(trained=trained)
    )
    make_home(home)
    (home.inbox / "ada").mkdir()
    (home.inbox / "ada" / "history.csv").write_text(HISTORY)
    done = http.post("/runs", params={"full_retrain": True})
    assert done.status_code == 200, done.text
    run = done.json()
    assert asked == [True]
    assert [report["kept"] for report in run["imports"]] == [2]
    assert {"listens": 2}.items() <= {table["name"]: table["rows"] for table in run["tables"]}.items()
    assert run["models"] == [{"model": "mood", "status": "not_enough_data", "message": "mood needs more"}]
    assert (run["problem"], run["is_published"]) == (None, False)
    shown = http.get("/tables/runs").json()["rows"]
    assert {row["run_step"] for row in shown} == {"run", "import", "build", "train"}

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.api.conftest import client_of
from tonearm.home import make_home
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.schedules import begin, end, plan_job

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_jobs_are_listed_with_when_they_are_due_and_how_they_went(settings: Settings) -> None:
    make_home(settings)
    store = open_store(settings)
    plan_job(store, "run", 21_600, NOON)
    begun = begin(store, "run", NOON, only_due=True)
    assert begun is not None
    end(store, begun, NOON + timedelta(minutes=2), "done", "nothing was new")
    store.close()
    with client_of(settings) as client:
        found = client.get("/schedule").json()
    (job,) = found["jobs"]
    assert (job["job"], job["every_s"], job["does"]) == ("run", 21_600, "import what waits, build, predict")
    assert datetime.fromisoformat(job["due_at"]) == NOON + timedelta(hours=6)
    assert job["last"] == found["passes"][0]
    assert (job["last"]["outcome"], job["last"]["message"]) == ("done", "nothing was new")


def test_a_home_without_a_history_has_an_empty_schedule(settings: Settings) -> None:
    with client_of(settings) as client:
        assert client.get("/schedule").json() == {"jobs": [], "passes": []}

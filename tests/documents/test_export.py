from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.documents.conftest import home_of, listen
from tonearm.documents.dashboard import dashboard_data
from tonearm.documents.dashboard.shape import DashboardData
from tonearm.documents.export import MARK, SITE, Exported, export, key, preview, write
from tonearm.documents.parts import PARTS, chosen, shown
from tonearm.documents.publish import TOKEN_FROM, _Git, cloned, sync
from tonearm.documents.sentences import day, written
from tonearm.errors import TonearmError, UnknownName, UsageError

HOME = {
    "listener": "Ada",
    "days": [["2019-05-01", 2], ["2020-01-01", 1]],
    "streaks": {"longest": {"first": "2019-05-01", "last": "2019-05-01", "days": 1}, "current": None},
    "milestones": [{"number": 1, "day": "2019-05-01", "track": "Sexy Boy"}],
    "on_this_day": [{"day": "2019-05-01"}],
    "lately": [{"period": "week", "listens": 1}],
    "discovered": [{"artist_id": "7", "artist": "Air", "first_day": "2020-01-01"}],
    "rediscover": [{"artist_id": "7", "artist": "Air", "last_day": "2019-05-01"}],
    "best": {"artists": [{"artist_id": "7", "artist": "</script><b>Air", "first_day": "2019-05-01"}]},
    "totals": {"listens": 3, "first_day": "2019-05-01"},
}
CARDS: list[dict[str, Any]] = [
    {"id": name, "needs": None, "items": [{"day": "2019-05-01"}, {"artist_id": "7", "last_day": "2019-05-01"}]}
    for name in ("clock", "days", "next_session")
]
CARDS += [
    {"id": "playlists", "needs": None, "items": [], "picture": {"rows": [{"text": "last on 2019-05-01"}]}},
    {"id": "new_to_you", "needs": None, "items": []},
    {"id": "kinds", "needs": "It takes the sound of your tracks.", "items": []},
]


def ask(name: str, query: Mapping[str, str]) -> Any:
    """Answers of a tonearm that has Home and artists, and no charts yet."""
    if name == "artist":
        return {"artist_id": query["artist_id"], "plays": [{"source": "lastfm_csv", "track": "Sexy Boy"}]}
    if name == "rewind":
        return {"period": query.get("period", "2019")}
    known = {"home": HOME, "recent": {"listens": [{"track": "Sexy Boy", "source": "spotify"}]}}
    return {**known, "insights": {"listener": "Ada", "cards": CARDS}}.get(name)


@pytest.fixture
def data(tmp_path: Path) -> DashboardData:
    """The fields of a history with a few plays of Ada."""
    home = home_of(tmp_path / "home", [listen(f"2020-01-{day:02}T10:00") for day in range(1, 4)])
    return dashboard_data(home, "Ada")


def script(exported: Exported, name: str) -> Any:
    """What a script of documents assigns."""
    text = exported.files[name].decode()
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def test_documents_are_scripts_by_part_and_know_what_is_there(data: DashboardData) -> None:
    made = export(ask, data, ["home", "charts", "recent", "artists"])
    about = script(made, MARK)
    assert about["places"] == ["artist/7", "home"]
    assert about["files"] == {
        "documents/home?": "documents/home.js",
        "documents/recent?": "documents/recent.js",
        "documents/artist?artist_id=7": "documents/artists.js",
    }
    assert script(made, "documents/home.js")["documents/home?"]["totals"] == HOME["totals"]
    assert made.places == {"home": 1, "artists": 1}


def test_each_year_with_plays_has_its_place_and_all_addresses_below_it(data: DashboardData) -> None:
    made = export(ask, data, ["rewind"])
    assert script(made, MARK)["places"] == ["rewind", "rewind/2019/*", "rewind/2020/*"]


def test_unless_included_nothing_is_shown_of_single_days_the_last_weeks_and_what_comes_next(
    data: DashboardData,
) -> None:
    made = export(ask, data, chosen())
    assert sorted(name for name in made.files if name.startswith("documents/")) == [
        *("documents/home.js", "documents/insights.js", "documents/site.js"),
    ]
    home = script(made, "documents/home.js")["documents/home?"]
    assert {name for name, value in home.items() if value is None} == {
        *("days", "streaks", "milestones", "on_this_day", "lately", "discovered"),
    }
    assert "first_day" not in home["best"]["artists"][0]
    assert "last_day" not in home["rediscover"][0]
    cards = script(made, "documents/insights.js")["documents/insights?"]["cards"]
    assert cards == [{"id": "clock", "needs": None, "items": [{"artist_id": "7"}]}]
    fields = json.loads(made.files["dashboard_data.json"])
    assert fields["recently_played"] == []
    assert fields["new_music"] is None
    assert {"recently_played", "new_music", "drift", "session_actual", "session_probs"} < set(fields["withheld"])
    everything = b"".join(content for name, content in made.files.items() if not name.startswith("site/"))
    assert b"Sexy Boy" not in everything
    assert b"Ada" not in everything


def test_what_is_included_is_shown_and_what_is_left_out_is_not(data: DashboardData) -> None:
    made = export(ask, data, chosen(["days", "recent"], ["insights", "metrics"]), "Ada’s music")
    home = script(made, "documents/home.js")["documents/home?"]
    assert (home["days"], home["lately"]) == (HOME["days"], HOME["lately"])
    assert script(made, MARK)["title"] == "Ada’s music"
    fields = json.loads(made.files["dashboard_data.json"])
    assert len(fields["recently_played"]) == 3
    assert (fields["metrics"], "metrics" in fields["withheld"]) == (None, True)
    assert "documents/insights.js" not in made.files


def test_every_field_of_the_data_is_of_one_part() -> None:
    fields = [name for part in PARTS.values() for name in part.fields]
    assert sorted(fields) == sorted(set(DashboardData.model_fields) - {"version", "generated_at", "withheld"})


def of_insights(parts: list[str], **card: Any) -> list[dict[str, Any]]:
    """What is shown of a card whose sentences are as the API writes them."""
    made = {"id": "playlists", "needs": None, "items": [], "answer": "", **card}
    document = written({"cards": [made], "as_of": "2020-06-01", "stray": {"first_day": "2022-01-01", "listens": 1}})
    found: list[dict[str, Any]] = shown("insights", document, parts)["cards"]
    return found


@pytest.mark.parametrize(
    "card",
    [
        {"answer": f"The longest was on {day(date(2019, 5, 1))}."},
        {"sure": {"n": f"Plays up to {day(date(2019, 5, 1))}."}},
        {"picture": {"lists": [{"rows": [{"text": f"last on {day(date(2019, 5, 1))}"}]}]}},
        {"picture": {"rows": [{"day": "2019-05-01", "value": 1}]}},
    ],
)
def test_a_card_that_names_a_day_in_any_way_is_shown_with_days_alone(card: dict[str, Any]) -> None:
    assert of_insights(["insights"], **card) == []
    (whole,) = of_insights(["insights", "days"], **card)
    assert "2019" in str(whole)


def test_a_card_may_name_the_day_that_the_page_is_of() -> None:
    (card,) = of_insights(["insights"], answer=f"Not in the year up to {day(date(2020, 6, 1))}.")
    assert card["answer_parts"][1] == {"text": "1 June 2020", "day": "2020-06-01"}


def test_what_comes_next_and_whether_it_came_true_is_shown_whole_with_predictions_alone() -> None:
    for name in ("week", "came_true"):
        card = {
            "id": name,
            "answer": f"From {day(date(2020, 6, 11))} on.",
            "picture": {"rows": [{"day": "2020-06-11"}]},
        }
        assert of_insights(["insights"], **card) == []
        (whole,) = of_insights(["insights", "predictions"], **card)
        assert whole["picture"] == card["picture"]


def test_stray_plays_are_named_with_days_alone() -> None:
    stray = {"listens": 1, "days": 1, "first_day": "2022-01-01", "last_day": "2022-01-01"}
    assert shown("home", HOME | {"stray": stray}, ["home"])["stray"] is None
    assert shown("home", HOME | {"stray": stray}, ["home", "days"])["stray"] == stray


def test_a_year_drawn_day_by_day_is_shown_with_days_alone() -> None:
    chart = {"over_time": {"step": "day", "rows": []}}
    assert shown("charts", chart, ["charts"]) is None
    assert shown("charts", chart, ["charts", "days"]) == chart


def test_a_preview_has_every_part_with_a_sample(data: DashboardData) -> None:
    found = {name: (is_out, sample) for name, is_out, sample in preview(ask, data, chosen(["recent"]))}
    assert list(found) == list(PARTS)
    assert found["days"] == (False, '["2019-05-01",2]')
    assert found["recent"][0]
    assert "Sexy Boy" in found["recent"][1]
    assert found["home"] == (True, "#/home")
    assert found["mood_clusters"] == (True, "")


def test_nothing_shows_where_plays_came_from(data: DashboardData) -> None:
    made = export(ask, data, list(PARTS))
    assert not [name for name, text in made.files.items() if name.startswith("documents/") and b"source" in text]
    assert shown("artist", {"a": [{"source": 1, "b": {"import_id": 2, "c": 3}}]}, []) == {"a": [{"b": {"c": 3}}]}


def test_the_page_is_the_site_with_the_documents_before_it_starts_and_no_search(data: DashboardData) -> None:
    made = export(ask, data, ["home"])
    page = made.files["index.html"].decode()
    named = [part.split('"')[0] for part in page.split('<script defer src="')[1:]]
    assert named[-3:] == [MARK, "site/exported.js", "site/start.js"]
    assert [name for name in named if name not in made.files] == []
    assert "search" not in page
    assert made.files["site/vendor/LICENSE-d3"] == (SITE / "vendor/LICENSE-d3").read_bytes()


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ({"range": "2019", "kind": "tracks"}, "documents/charts?kind=tracks&range=2019"),
        ({"kind": "artists", "range": "all", "page": "1", "from": ""}, "documents/charts?"),
    ],
)
def test_a_document_has_one_name_however_it_is_asked_for(query: dict[str, str], same: str) -> None:
    assert key("charts", query) == same


def test_a_last_digit_that_differs_is_no_change(data: DashboardData) -> None:
    def timed(seconds: float) -> Exported:
        home = HOME | {"totals": {"listens": 3, "minutes": seconds / 60}}
        return export(lambda name, query: home if name == "home" else ask(name, query), data, ["home"])

    assert timed(4943662.3140000785).files == timed(4943662.314000052).files
    assert timed(4943662.314).files != timed(4943662.315).files


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(UnknownName, match="no part 'hom'; did you mean home"):
        chosen(["hom"])


def test_a_folder_is_written_whole_once_and_replaced(tmp_path: Path, data: DashboardData) -> None:
    folder = tmp_path / "site" / "public"
    assert write(export(ask, data, ["home", "artists"]), folder)
    assert not write(export(ask, data, ["home", "artists"]), folder)
    assert write(export(ask, data, ["home"]), folder)
    assert not (folder / "documents/artists.js").exists()
    assert json.loads((folder / "dashboard_data.json").read_text())["top_hours"] == []
    assert [one.name for one in folder.parent.iterdir()] == ["public"]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path, data: DashboardData) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        write(export(ask, data, ["home"]), folder)
    assert [one.name for one in folder.iterdir()] == ["mine.txt"]


def git(folder: Path, *arguments: str) -> str:
    """Git's answer, with nobody's settings."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=PLAIN, capture_output=True, text=True, check=True)
    return done.stdout.strip()


PLAIN = {
    **{"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    **{f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A website's clone with a page of its own, and the repository that it pushes to."""
    git(tmp_path, "init", "--bare", "-q", "-b", "main", "website.git")
    git(tmp_path, "clone", "-q", "website.git", "website")
    website = tmp_path / "website"
    (website / "index.html").write_text("mine")
    git(website, "checkout", "-q", "-b", "main")
    git(website, "add", ".")
    git(website, "commit", "-qm", "mine")
    git(website, "push", "-q", "-u", "origin", "main")
    return website


def test_a_sync_commits_its_folder_alone_and_only_when_it_changed(clone: Path, data: DashboardData) -> None:
    made = export(ask, data, ["home"])
    (clone / "index.html").write_text("changed, not committed")
    (clone / "draft.txt").write_text("a draft")
    git(clone, "add", "draft.txt")
    assert sync(made, clone, Path("listening"), PLAIN).did == "committed, pushed"
    assert git(clone, "log", "-1", "--format=%s") == "listening: brought up to date"
    changed = git(clone, "show", "--format=", "--name-only", "origin/main").splitlines()
    assert sorted(changed) == sorted(f"listening/{name}" for name in made.files)
    assert git(clone, "status", "--porcelain").splitlines() == ["A  draft.txt", " M index.html"]
    before = git(clone, "rev-parse", "HEAD")
    assert sync(made, clone, Path("listening"), PLAIN).did == "unchanged"
    assert git(clone, "rev-parse", "HEAD") == before


def test_a_sync_refuses_what_is_not_its_own(clone: Path, tmp_path: Path, data: DashboardData) -> None:
    made = export(ask, data, ["home"])
    for within in ("../elsewhere", ".", ".git/hooks", str(tmp_path / "out")):
        with pytest.raises(UsageError, match="is no folder within"):
            sync(made, clone, Path(within), PLAIN)
    (clone / "blog").mkdir()
    (clone / "blog/post.md").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        sync(made, clone, Path("blog"), PLAIN)
    with pytest.raises(UsageError, match="is not a git clone"):
        sync(made, clone / "blog", Path("listening"), PLAIN)
    git(clone, "commit", "-qam", "not pushed", "--allow-empty")
    (clone / "index.html").write_text("other")
    git(clone, "commit", "-qam", "mine, not pushed")
    with pytest.raises(UsageError, match="not pushed"):
        sync(made, clone, Path("listening"), PLAIN)
    assert not (clone / "listening").exists()


def test_without_a_remote_a_sync_commits(tmp_path: Path, data: DashboardData) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "alone")
    assert sync(export(ask, data, ["home"]), tmp_path / "alone", Path("tonearm"), PLAIN).did == "committed"


def test_an_address_is_cloned_for_the_time_being_and_pushed_to(clone: Path, data: DashboardData) -> None:
    made, address = export(ask, data, ["home"]), f"file://{clone.parent}/website.git"
    with cloned(address, PLAIN) as folder:
        assert sync(made, folder, Path("listening"), PLAIN).did == "committed, pushed"
    assert not folder.exists()
    with cloned(address, PLAIN) as folder:
        assert sync(made, folder, Path("listening"), PLAIN).did == "unchanged"
    git(clone, "pull", "-q")
    assert (clone / "listening/dashboard_data.json").read_bytes() == made.files["dashboard_data.json"]


def test_a_folder_on_this_machine_is_no_address(clone: Path) -> None:
    with cloned(str(clone), PLAIN) as folder:
        assert folder == clone


def test_an_address_that_cannot_be_cloned_is_refused_without_the_token(tmp_path: Path) -> None:
    address = f"file://{tmp_path}/s3cret.git"
    with pytest.raises(TonearmError, match="git clone") as refused, cloned(address, {**PLAIN, TOKEN_FROM: "s3cret"}):
        pass
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://ada:s3cret@example.org/a.git",
        "https://s3cret@example.org/a.git",
        "HTTPS://s3cret@example.org/a.git",
        "https://ada:s3@cret@example.org/a.git",
        "ssh://ada:s3cret@example.org/a.git",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match=TOKEN_FROM) as refused, cloned(address, PLAIN):
        pass
    assert "s3" not in str(refused.value)


def test_git_that_hangs_is_stopped_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tonearm.documents.publish._PATIENCE_S", 0)
    with pytest.raises(TonearmError, match=r"git status .* was stopped"):
        _Git(tmp_path, PLAIN).run("status")


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("https://github.com/ada/website.git", True),
        ("http://github.com/ada/website.git", False),
        ("git@github.com:ada/website.git", False),
    ],
)
def test_the_token_is_shown_to_https_alone_and_in_no_argument(url: str, is_shown: bool, tmp_path: Path) -> None:
    shown_token = _Git(tmp_path, {**PLAIN, TOKEN_FROM: "s3cret"}).shown_token(url)
    assert bool(shown_token) == is_shown
    assert "s3cret" not in str(shown_token)
    if is_shown:
        basic = shown_token["GIT_CONFIG_VALUE_0"].removeprefix("Authorization: Basic ")
        assert base64.b64decode(basic) == b"x-access-token:s3cret"
        assert shown_token["GIT_CONFIG_KEY_0"] == f"http.{url}.extraHeader"

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tonearm.documents.export import MARK, SITE, Exported, export, key, without_private, write
from tonearm.documents.publish import sync
from tonearm.errors import UnknownName, UsageError

HOME = {
    "days": [["2019-05-01", 2], ["2020-01-01", 1]],
    "best": {"artists": [{"artist_id": "7", "artist": "</script><b>Air"}]},
    "totals": {"listens": 3},
}


def ask(name: str, query: Mapping[str, str]) -> Any:
    """Answers of a tonearm that has Home and artists, and no charts yet."""
    if name == "artist":
        return {"artist_id": query["artist_id"], "plays": [{"source": "lastfm_csv", "track": "Sexy Boy"}]}
    if name == "rewind":
        return {"period": query.get("period", "2019")}
    return {"home": HOME, "recent": {"listens": [{"track": "Sexy Boy", "source": "spotify"}]}}.get(name)


def script(exported: Exported, name: str) -> Any:
    """What a script of documents assigns."""
    text = exported.files[name].decode()
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def test_documents_are_scripts_by_page_and_know_what_is_there() -> None:
    made = export("Ada", ask, ["home", "charts", "artists"])
    about = script(made, MARK)
    assert about["places"] == ["artist/7", "home"]
    assert about["files"] == {
        "documents/home?": "documents/home.js",
        "documents/recent?": "documents/home.js",
        "documents/artist?artist_id=7": "documents/artists.js",
    }
    assert script(made, "documents/home.js")["documents/home?"] == HOME
    assert made.places == {"home": 1, "artists": 1}


def test_each_year_with_plays_has_its_place_and_all_addresses_below_it() -> None:
    assert script(export("Ada", ask, ["rewind"]), MARK)["places"] == ["rewind", "rewind/2019/*", "rewind/2020/*"]


def test_nothing_tells_where_plays_came_from() -> None:
    made = export("Ada", ask, ["home", "artists"])
    assert not [name for name, text in made.files.items() if name.startswith("documents/") and b"source" in text]
    assert without_private({"a": [{"source": 1, "b": {"import_id": 2, "c": 3}}]}) == {"a": [{"b": {"c": 3}}]}


def test_the_page_is_the_site_with_the_documents_before_it_starts_and_no_search() -> None:
    made = export("Ada", ask, ["home"])
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


def test_an_unknown_page_is_named() -> None:
    with pytest.raises(UnknownName, match="no page 'hom'; did you mean home"):
        export("Ada", ask, ["hom"])


def test_a_folder_is_written_whole_once_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "public"
    assert write(export("Ada", ask, ["home", "artists"]), folder)
    assert not write(export("Ada", ask, ["home", "artists"]), folder)
    assert write(export("Ada", ask, ["home"], {"dashboard_data.json": {"top_hours": []}}), folder)
    assert not (folder / "documents/artists.js").exists()
    assert json.loads((folder / "dashboard_data.json").read_text()) == {"top_hours": []}
    assert [one.name for one in tmp_path.iterdir()] == ["public"]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        write(export("Ada", ask, ["home"]), tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


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


def test_a_sync_commits_its_folder_alone_and_only_when_it_changed(clone: Path) -> None:
    made = export("Ada", ask, ["home"])
    (clone / "index.html").write_text("changed, not committed")
    (clone / "draft.txt").write_text("a draft")
    git(clone, "add", "draft.txt")
    assert sync(made, clone, Path("listening"), PLAIN).did == "committed, pushed"
    changed = git(clone, "show", "--format=", "--name-only", "origin/main").splitlines()
    assert sorted(changed) == sorted(f"listening/{name}" for name in made.files)
    assert git(clone, "status", "--porcelain").splitlines() == ["A  draft.txt", " M index.html"]
    before = git(clone, "rev-parse", "HEAD")
    assert sync(made, clone, Path("listening"), PLAIN).did == "unchanged"
    assert git(clone, "rev-parse", "HEAD") == before


def test_a_sync_refuses_what_is_not_its_own(clone: Path, tmp_path: Path) -> None:
    made = export("Ada", ask, ["home"])
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


def test_without_a_remote_a_sync_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "alone")
    assert sync(export("Ada", ask, ["home"]), tmp_path / "alone", Path("tonearm"), PLAIN).did == "committed"

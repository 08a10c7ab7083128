from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tonearm.errors import InputError, UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.recommend.evaluate import datasets


def hetrec(folder: Path) -> Path:
    """Six listeners of five artists; one listener of two and one artist of one are left out."""
    plays = [f"{listener}\t{artist}\t{listener * 10 + artist}" for listener in range(1, 7) for artist in range(1, 6)]
    plays += ["7\t1\t5", "7\t9\t5", "1\t8\t3"]
    (folder / "user_artists.dat").write_text("userID\tartistID\tweight\n" + "\n".join(plays) + "\n")
    tags = [
        "1\t1\t4\t1\t1\t2009",
        "2\t1\t4\t1\t1\t2009",
        "2\t2\t4\t1\t1\t2009",
        "7\t3\t4\t1\t1\t2009",
        "7\t9\t4\t1\t1\t2009",
    ]
    header = "userID\tartistID\ttagID\tday\tmonth\tyear\n"
    (folder / "user_taggedartists.dat").write_text(header + "\n".join(tags) + "\n")
    (folder / "user_friends.dat").write_text("userID\tfriendID\n1\t2\n2\t1\n1\t7\n")
    return folder


def test_hetrec_keeps_listeners_of_five_artists_and_artists_of_three_listeners(tmp_path: Path) -> None:
    found = datasets.load("hetrec2011", hetrec(tmp_path))
    known = found.interactions
    assert known.listeners.tolist() == [1, 2, 3, 4, 5, 6]
    assert known.items.tolist() == [1, 2, 3, 4, 5]
    assert known.counts[1, 2] == 23
    assert known.friends is not None
    assert known.friends.nonzero()[0].tolist() == [0, 1]


def test_tags_can_be_left_out_by_giver_and_by_pair(tmp_path: Path) -> None:
    found = datasets.load("hetrec2011", hetrec(tmp_path))
    tags = found.taggings
    assert tags is not None
    assert tags.listeners.tolist() == [0, 1, 1, -1]
    np.testing.assert_array_equal(tags.given_by(np.array([1])), [False, True, True, False])
    pairs = found.interactions.counts.tolil()
    pairs[1, 0] = 0
    np.testing.assert_array_equal(tags.given_to(pairs.tocsr()), [True, False, True, False])


def test_a_tag_weighs_by_how_many_gave_it_and_how_rare_it_is(tmp_path: Path) -> None:
    found = datasets.load("hetrec2011", hetrec(tmp_path))
    assert found.taggings is not None
    features = found.described().features
    assert features is not None
    np.testing.assert_allclose(features[:, [4]].toarray().ravel(), np.log1p([2, 1, 1, 0, 0]) * np.log(5 / 3), rtol=1e-6)
    fewer = found.described(found.taggings.given_by(np.array([-1, 0]))).features
    assert fewer is not None
    np.testing.assert_allclose(fewer[:, [4]].toarray().ravel(), np.log1p([1, 1, 0, 0, 0]) * np.log(5 / 2), rtol=1e-6)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    for name in ("hetrec2011", "mpd", "msd"):
        with pytest.raises(UsageError, match=r"has no file .*--path"):
            datasets.load(name, tmp_path)
    with pytest.raises(UnknownName, match="did you mean hetrec2011"):
        datasets.load("hetrec2012", tmp_path)


def test_a_home_without_listens_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no listens"):
        datasets.load("listens", tmp_path)


def test_sessions_of_a_home_are_rows_of_artists(tmp_path: Path) -> None:
    """Three sessions of the same six artists, the first of whom is heard twice; a session of one artist is left out."""
    begun = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    rows = [("ada", at, f"artist {n}") for at in begun for n in (0, 0, 1, 2, 3, 4, 5)]
    rows += [("ben", begun[0], "artist 1"), ("ben", begun[0], None)]
    table = pa.table(
        {
            "listener": [row[0] for row in rows],
            "session_started_at": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
            "artist_id": [row[2] for row in rows],
        }
    )
    open_lake(tmp_path).replace("listening_with_features", table, {})
    known = datasets.load("listens", tmp_path).interactions
    assert known.items.tolist() == [f"artist {n}" for n in range(6)]
    assert known.counts.toarray().tolist() == [[2, 1, 1, 1, 1, 1]] * 3


@pytest.mark.parametrize("content", ["", "userID\tartistID\n1\n1\t2\t3\t4\n", "userID\tartistID\tweight\nx\ty\n"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (hetrec(tmp_path) / "user_artists.dat").write_text(content)
    with pytest.raises(InputError, match="user_artists"):
        datasets.load("hetrec2011", tmp_path)


def test_playlists_are_rows_whose_tracks_count_once(tmp_path: Path) -> None:
    def playlist(number: int, tracks: str) -> dict[str, object]:
        return {"pid": number, "tracks": [{"track_uri": f"spotify:track:{name}"} for name in tracks]}

    playlists = [playlist(3, "abcdee"), playlist(1, "abcde"), playlist(2, "ab")]
    (tmp_path / "mpd.slice.0-999.json").write_text(json.dumps({"playlists": playlists}))
    known = datasets.load("mpd", tmp_path).interactions
    assert known.listeners.tolist() == [1, 3]
    assert known.counts.toarray().tolist() == [[1] * 5] * 2


@pytest.mark.parametrize("content", ["{", "[]", '{"playlists": [{}]}'])
def test_a_damaged_slice_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "mpd.slice.0-999.json").write_text(content)
    with pytest.raises(InputError, match="mpd"):
        datasets.load("mpd", tmp_path)


def test_taste_profiles_keep_songs_of_200_listeners(tmp_path: Path) -> None:
    lines = [f"u{n}\ts{song:02}\t{n % 3 + 1}" for n in range(200) for song in range(20)] + ["u1\trare\t1"]
    (tmp_path / "train_triplets.txt").write_text("\n".join(lines) + "\n")
    known = datasets.load("msd", tmp_path).interactions
    assert known.counts.shape == (200, 20)
    assert "rare" not in known.items

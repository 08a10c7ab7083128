"""Rows in whatever containers, each counted once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Read
from tonearm.sources.json_rows import JsonRows
from tonearm.sources.rows import Rejected


class Play(msgspec.Struct):
    title: str
    at: float | None = None
    by: list[Any] | None = None


def blocks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[i : i + size] for i in range(0, len(content), size))


def read_all(content: str, size: int = 1 << 20, most: int = 1 << 20) -> list[Play | Rejected]:
    reader = JsonRows(Play, most, within=("answer", "plays"))
    return [row for part in reader.read(blocks(content.encode(), size)) for row in part]


def titles(content: str, size: int = 1 << 20, most: int = 1 << 20) -> list[str]:
    return [row.reason if isinstance(row, Rejected) else row.title for row in read_all(content, size, most)]


names = st.one_of(
    st.text(max_size=8), st.sampled_from(["},{", '"},{"title"', "]", "\\", '\\"}, {', "}]", '"plays": ['])
)
plays = st.fixed_dictionaries(
    {"title": names.map(lambda name: name.replace("\ud83d", ""))},
    optional={"at": st.integers(0, 2**40), "by": st.lists(st.fixed_dictionaries({"title": names}), max_size=3)},
).flatmap(lambda play: st.permutations(list(play.items())).map(dict))
pages = st.lists(plays, max_size=6)

Container = Callable[[list[list[dict[str, Any]]], int | None], str]


def _dump(value: Any, indent: int | None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)


def _rows(given: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for page in given for row in page]


def _answer(page: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(page), "answer": {"plays": page, "by": [{"title": "nobody"}]}, "@attr": {"page": "1"}}


CONTAINERS: dict[str, Container] = {
    "a list": lambda given, indent: _dump(_rows(given), indent),
    "a list of lists": lambda given, indent: _dump(given, indent),
    "an answer": lambda given, indent: _dump(_answer(_rows(given)), indent),
    "a list of answers": lambda given, indent: _dump([_answer(page) for page in given], indent),
    "answers one after the other": lambda given, indent: "".join(_dump(_answer(page), indent) for page in given),
    "one a line": lambda given, indent: "\r\n\n".join(_dump(row, None) for row in _rows(given)),
    "one after the other": lambda given, indent: "".join(_dump(row, indent) for row in _rows(given)),
    "lists a line": lambda given, indent: "\n".join(_dump(page, None) for page in given),
    "alone or in a list": lambda given, indent: _dump(
        [{"plays": page[0] if len(page) == 1 else page} for page in given], indent
    ),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@given(
    given=st.lists(pages, max_size=4), indent=st.sampled_from([None, 2]), size=st.integers(7, 300) | st.just(1 << 20)
)
@settings(max_examples=25, deadline=None)
def test_every_row_once_and_in_order(
    container: Container, given: list[list[dict[str, Any]]], indent: int | None, size: int
) -> None:
    content = container(given, indent)
    expected = [row["title"] for row in _rows(given)]
    assert titles(content, size) == [title.encode("utf-8", "replace").decode() for title in expected]


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@given(given=st.lists(pages, min_size=1, max_size=4), keep=st.floats(0, 1), size=st.integers(7, 300) | st.just(1 << 20))
@settings(max_examples=25, deadline=None)
def test_a_cut_keeps_every_whole_row_and_is_reported(
    container: Container, given: list[list[dict[str, Any]]], keep: float, size: int
) -> None:
    whole = container(given, None)
    found = titles(whole[: int(len(whole) * keep)], size)
    expected = [row["title"] for row in _rows(given)]
    reports = [title for title in found if title.startswith("the file ")]
    kept = [title for title in found if not title.startswith("the file ")]
    assert kept == expected[: len(kept)]
    assert len(reports) <= 1


@given(data=st.data(), size=st.integers(7, 300) | st.just(1 << 20))
@settings(max_examples=60, deadline=None)
def test_a_broken_row_does_not_take_its_neighbours(data: st.DataObject, size: int) -> None:
    count = data.draw(st.integers(3, 12))
    rows = [json.dumps({"title": f"t{i}", "by": [{"title": "x"}, {"title": "y"}]}) for i in range(count)]
    broken = data.draw(st.integers(1, count - 1))
    how = data.draw(
        st.sampled_from(
            [('"x"', "oops"), ('"x"', '"x'), (f'"t{broken}"', f"t{broken}"), ("}]}", "}}]}"), ('"x"}', '"x"')]
        )
    )
    rows[broken] = rows[broken].replace(*how)
    joined = data.draw(st.sampled_from([("[", ", ", "]"), ('{"plays": [', ",\n", "]}"), ("", "\n", "\n")]))
    found = titles(joined[0] + joined[1].join(rows) + joined[2], size)
    kept = [title for title in found if title.startswith("t") and title[1:].isdigit()]
    assert kept == [f"t{i}" for i in range(count) if i != broken]
    assert len(found) > len(kept)


def test_rows_beyond_four_megabytes_of_a_page(read: Read) -> None:
    """Half of the tracks went under one rejected row when a page was longer than a block."""
    track = {
        "artist": {"#text": "Björk", "mbid": ""},
        "name": "Jóga",
        "album": {"#text": "Homogenic"},
        "image": [{"size": "small", "#text": "https://images.example/" + "x" * 200}] * 4,
        "date": {"uts": "1605864900", "#text": "x"},
    }
    count = 12_000
    page = json.dumps({"recenttracks": {"track": [track] * count, "@attr": {"user": "somebody"}}})
    assert len(page) > 3 * (4 << 20)
    assert len(read("a.json", page).kept) == count
    assert len(read("a.json", f"[{page}, {page}]").kept) == 2 * count


def test_what_stands_before_and_after_the_rows_may_be_long() -> None:
    other = [{"title": "x" * 100}] * 1000
    content = json.dumps(
        {"others": other, "plays": [{"title": "a"}, {"title": "b"}], "more": other, "end": "y" * 90_000}
    )
    assert titles(content, 4096, most=1024) == ["a", "b"]


def test_rows_too_long_are_refused_and_counted() -> None:
    long = {"title": "long", "by": [{"title": 'x\\"}{[' * 5000}]}
    rows = [{"title": "a"}, long, {"title": "b"}, long]
    reason = "the row is longer than 1 KB"
    for content in (json.dumps(rows), json.dumps([rows]), json.dumps({"plays": rows})):
        assert titles(content, 512, most=1024) == ["a", reason, "b", reason]
    lines = "\n".join(map(json.dumps, rows))
    assert titles(lines, 512, most=1024) == ["a", reason, "b", reason]
    assert titles(json.dumps(long), 512, most=1024) == [reason]


def test_what_is_no_row_is_refused() -> None:
    found = read_all('[{"title": "a"}, 5, "text", null, {"title": NaN}, {"at": 1}, {"title": 7}, {"title": "b"}]')
    assert [row.title for row in found if isinstance(row, Play)] == ["a", "7", "b"]
    assert len(found) == 8


@pytest.mark.parametrize(
    "content", ["", "  \n", "[]", "[[], []]", "{}x"[:0], '{"plays": []}', '{"answer": {"plays": []}}']
)
def test_no_rows(content: str) -> None:
    assert read_all(content) == []


def test_another_file_is_refused_once() -> None:
    assert titles("artist,track\nA,B\n") == ["the file is not JSON"]


def test_the_text_of_a_refused_row_has_no_other_fields() -> None:
    private = {"title": ["x"], "at": 5, "by": [{"ip": "203.0.113.9", "title": "y"}], "ip": "203.0.113.9"}
    for content in (json.dumps([private]), json.dumps([private])[:-3], json.dumps([private]).replace("5", "oops")):
        (row,) = (row for row in read_all(content) if isinstance(row, Rejected))
        assert "203.0.113.9" not in row.raw
        assert '"at": ' in row.raw or "oops" in content


def test_deep_nesting_is_refused() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert titles(f'[{{"title": {deep}}}, {{"title": "a"}}]')[1:] == ["a"]
    assert titles(deep) == []
    assert titles('{"plays":' * 50_000)[0].startswith("the file ends")


@pytest.mark.parametrize(
    ("name", "kind", "rows"),
    [
        ("f09_ext_types.json", "spotify_extended", 4),
        ("i27_lbapi.json", "listenbrainz_export", 5),
        ("i13_maloja.json", "maloja_json", 5),
    ],
)
def test_files_that_people_had(read: Read, name: str, kind: str, rows: int) -> None:
    found = read(name, (Path(__file__).parent / "imports" / name).read_bytes())
    assert (found.kind, len(found.rows), found.reasons) == (kind, rows, [])

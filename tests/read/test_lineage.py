"""What is made from what, whole and around one table."""

from __future__ import annotations

import pytest

from tonearm.errors import UnknownName
from tonearm.read.lineage import Edge, Graph, Node, direct, lineage, listed, mermaid, tree
from tonearm.table import tables

DIAMOND = Graph(
    [
        Node("plays", "bronze", ""),
        Node("lone", "bronze", ""),
        Node("names", "silver", ""),
        Node("top", "gold", "taste"),
    ],
    [Edge("plays", "names"), Edge("plays", "top"), Edge("names", "top")],
)
"""``top`` is made from ``plays`` both directly and by way of ``names``."""


def test_every_table_has_its_inputs() -> None:
    inputs = lineage().inputs()
    assert {name: table.inputs for name, table in tables().items()} == {name: inputs[name] for name in tables()}
    assert inputs["listening_history_bronze"] == ()


def test_around_one_table_are_what_it_is_made_from_and_what_is_made_from_it() -> None:
    names = {node.name for node in lineage("listens").nodes}
    assert {"listening_history_bronze", "merges", "listens", "sessions", "temporal_trends"} <= names
    assert "listener_clock" not in names
    assert [node.name for node in lineage("imports").nodes] == ["imports"]
    with pytest.raises(UnknownName, match="did you mean sessions"):
        lineage("session")


def test_a_picture_has_no_edge_that_a_longer_way_implies() -> None:
    assert direct(DIAMOND) == [Edge("plays", "names"), Edge("names", "top")]
    assert [line.strip() for line in mermaid(DIAMOND).splitlines() if "classDef" not in line] == [
        "graph LR",
        "plays:::bronze",
        "names:::silver",
        'taste["<b>taste</b><br>top"]:::gold',
        "plays --> names",
        "names --> taste",
    ]


def test_a_family_is_one_box_unless_there_are_arrows_within() -> None:
    families = {"plays": "", "a": "taste", "b": "taste", "e": "other", "f": "other"}
    nodes = [Node(name, "gold" if family else "silver", family) for name, family in families.items()]
    edges = [*(Edge("plays", name) for name in "abe"), Edge("e", "f")]
    drawn = mermaid(Graph(nodes, edges)).splitlines()
    assert '  taste["<b>taste</b><br>a<br>b"]:::gold' in drawn
    assert [line.strip() for line in drawn if "-->" in line] == ["plays --> taste", "plays --> e", "e --> f"]


def test_a_list_has_every_table_and_all_of_its_inputs() -> None:
    assert listed(DIAMOND) == [
        *(("bronze",), ("plays", ""), ("lone", "")),
        *(("silver",), ("names", "plays")),
        *(("gold, taste",), ("top", "plays, names")),
    ]


def test_a_tree_repeats_no_branch() -> None:
    links = [Edge("a", "b"), Edge("b", "c"), Edge("b", "d"), Edge("c", "e"), Edge("d", "e")]
    graph = Graph([Node(name, "silver", "") for name in "abcde"], links)
    assert tree(graph, "e").splitlines() == [
        "e",
        "made from",
        "├── c",
        "│   └── b",
        "│       └── a",
        "└── d",
        "    └── b (as above)",
        "used for",
        "└── nothing",
    ]

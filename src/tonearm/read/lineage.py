"""Lineage: the graph of all tables and their inputs, shown by the docs, the command line and the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from tonearm.bronze import SCHEMAS
from tonearm.errors import UnknownName
from tonearm.table import tables

Links = Mapping[str, tuple[str, ...]]
"""Each table and its neighbours in one of the two directions."""


@dataclass(frozen=True)
class Node:
    """One table of the graph."""

    name: str
    layer: str
    family: str
    """Empty except in gold."""

    @property
    def group(self) -> str:
        """Layer and family, as a heading."""
        return f"{self.layer}, {self.family}" if self.family else self.layer


@dataclass(frozen=True)
class Edge:
    """An input of a table."""

    source: str
    """The input."""
    target: str
    """The table made from it."""


@dataclass(frozen=True)
class Graph:
    """Tables, inputs first, and the edges from inputs to tables."""

    nodes: list[Node]
    edges: list[Edge]

    def inputs(self) -> Links:
        """The inputs of each table."""
        return {n.name: tuple(e.source for e in self.edges if e.target == n.name) for n in self.nodes}

    def uses(self) -> Links:
        """The tables made from each table."""
        return {n.name: tuple(e.target for e in self.edges if e.source == n.name) for n in self.nodes}


def lineage(name: str | None = None) -> Graph:
    """The graph of all tables, or of ``name`` with everything upstream and downstream of it.

    Raises UnknownName.
    """
    derived = tables().values()
    nodes = [*(Node(b, "bronze", "") for b in SCHEMAS), *(Node(t.name, t.layer, t.family) for t in derived)]
    edges = [Edge(i, t.name) for t in derived for i in t.inputs]
    whole = Graph(sorted(nodes, key=lambda node: (_LAYERS.index(node.layer), node.family)), edges)
    if name is None:
        return whole
    if name not in whole.inputs():
        raise UnknownName("table", name, whole.inputs(), hint="`tonearm tables` lists them")
    kept = {name, *_reached(name, whole.inputs()), *_reached(name, whole.uses())}
    return Graph([n for n in whole.nodes if n.name in kept], [e for e in edges if {e.source, e.target} <= kept])


_LAYERS = ("bronze", "silver", "gold")


def _reached(name: str, links: Links) -> set[str]:
    """Every table that can be reached from ``name`` along ``links``."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = [n for n in links[todo.pop()] if n not in found]
        found.update(new)
        todo += new
    return found


def direct(graph: Graph) -> list[Edge]:
    """The edges without those implied by a longer path, for a readable picture."""
    inputs = graph.inputs()
    further = {n: set().union(*(_reached(i, inputs) for i in inputs[n])) for n in inputs}
    return [edge for edge in graph.edges if edge.source not in further[edge.target]]


def mermaid(graph: Graph) -> str:
    """The graph in the language of mermaid.js, which GitHub renders; tables without any edge are left out.

    A family is one box, unless some of its tables are made from others; an arrow to the box leads to at least one
    of its tables.
    """
    edges = direct(graph)
    drawn = {name for edge in edges for name in (edge.source, edge.target)}
    box = {node.name: node.name for node in graph.nodes}
    lines = ["graph LR", *(f"  classDef {layer} {look}" for layer, look in _LOOKS.items())]
    for family, nodes in groupby((n for n in graph.nodes if n.name in drawn), key=lambda node: node.family):
        members = list(nodes)
        names = {node.name for node in members}
        if family and not any({edge.source, edge.target} <= names for edge in edges):
            box.update(dict.fromkeys(names, family))
            lines.append(f'  {family}["<b>{family}</b><br>{"<br>".join(sorted(names))}"]:::{members[0].layer}')
        else:
            lines += [f"  {node.name}:::{node.layer}" for node in members]
    arrows = dict.fromkeys((box[edge.source], box[edge.target]) for edge in edges)
    return "\n".join([*lines, *(f"  {source} --> {target}" for source, target in arrows)])


_LOOKS = {
    "bronze": "fill:#e8c39e,stroke:#8c5a2b,color:#000",
    "silver": "fill:#dfe3e8,stroke:#6b7785,color:#000",
    "gold": "fill:#f7e3a1,stroke:#a17f1a,color:#000",
}


def listed(graph: Graph) -> list[tuple[str, ...]]:
    """Rows of table and inputs for a grid, under a heading (a row of one) for each layer and family."""
    rows: list[tuple[str, ...]] = []
    inputs = graph.inputs()
    for group, nodes in groupby(graph.nodes, key=lambda node: node.group):
        rows.append((group,))
        rows += [(node.name, ", ".join(inputs[node.name])) for node in nodes]
    return rows


def tree(graph: Graph, name: str) -> str:
    """The inputs and the uses of ``name`` as two trees; a branch shown above is not repeated."""
    lines = [name]
    for title, links in (("made from", graph.inputs()), ("used for", graph.uses())):
        lines += [title, *(_branches(links[name], links, set()) or ["└── nothing"])]
    return "\n".join(lines)


def _branches(names: Iterable[str], links: Links, above: set[str]) -> list[str]:
    lines: list[str] = []
    names = list(names)
    for name in names:
        is_last = name == names[-1]
        is_known = name in above and bool(links[name])
        lines.append(f"{'└' if is_last else '├'}── {name}{' (as above)' if is_known else ''}")
        if not is_known:
            above.add(name)
            lines += [f"{'    ' if is_last else '│   '}{line}" for line in _branches(links[name], links, above)]
    return lines

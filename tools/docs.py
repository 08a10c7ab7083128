"""The documentation that is written from the code: a page per table, the commands, the sources, the dashboard's data.

``python -m tools.docs`` writes it and ``python -m tools.docs --check`` lists what is out of date.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from tonearm.bronze import DESCRIPTIONS, SCHEMAS
from tonearm.cli import main as tonearm
from tonearm.columns import COLUMNS, Column
from tonearm.documents.dashboard.shape import FILE, SCHEMA_FILE, schema
from tonearm.documents.export import schema_text
from tonearm.read.lineage import lineage, mermaid
from tonearm.sources import Source, sources
from tonearm.table import Table, schema_of, tables
from tools.examples import EMPTY, demo_examples

WRITTEN = "<!-- Written by `make docs`; edit the code it is made from instead. -->"
EXAMPLE_FROM, EXAMPLE_TO = (
    "<!-- example: `make docs` writes it anew, no test compares its numbers -->",
    "<!-- up to here -->",
)
SOURCES_FROM, SOURCES_TO = "<!-- from here on written by `make docs` -->", "<!-- up to here -->"
"""What of ``sources.md`` lies between these is written; the rest is by hand."""

_COMMON = ("home", "as_json")
_EVERYWHERE = """Every command takes `--help`, `--home DIR` (the folder of the lake and everything else; else
`TONEARM_HOME`, else the platform's data folder) and `--json`: one line of JSON on standard output for machines,
`{"error": …, "message": …}` where it fails, and nothing else there.
Beside it, on standard error, stands the same for people; a command line that cannot be understood is answered
there alone."""
_TYPES = {"instant": "timestamp, UTC", "local": "timestamp, no zone"}
_FEEDS = {"listens": "listens", "catalogue": "tracks of a catalogue", "nothing": "nothing; named and not read"}


FAMILIES = {
    "descriptive": "What do you listen to, how much and when?",
    "diagnostic": "What goes with what, and is it more than chance?",
    "predictive": "What comes next, and how sure is that?",
    "prescriptive": "What could you play, and why?",
    "cognitive": "What kinds of listening are yours?",
}
"""The question that each family of gold tables answers."""
STATISTICS = ("diagnostic", "prescriptive", "cognitive")
"""Families whose numbers follow docs/statistics.md."""

_NO_EXAMPLE = "None yet; `make docs` makes one."


def pages(folder: Path, examples: Mapping[str, str]) -> dict[Path, str]:
    """Every generated file below ``folder`` and what it should say."""
    by_hand = (folder / "sources.md").read_text(encoding="utf-8")
    about_tables = {name: table_page(name, examples.get(name, _NO_EXAMPLE)) for name in (*SCHEMAS, *tables())}
    return {
        folder / "commands.md": commands_page(),
        folder / "dashboard-data.md": data_page(),
        folder / SCHEMA_FILE: schema_text(),
        folder / "sources.md": with_sources(by_hand),
        folder / "tables" / "README.md": tables_page(),
        folder / "tables" / "columns.md": columns_page(),
        **{folder / "tables" / f"{name}.md": text for name, text in about_tables.items()},
    }


def out_of_date(folder: Path) -> list[Path]:
    """The generated files that are missing or say something else than the code, and pages of no table.

    The values of an example may be any, since floats differ in their last digits from machine to machine; a page
    without one, or with a column that the table does not have, is out of date.
    """
    kept = {name: text for name in (*SCHEMAS, *tables()) if (text := _kept_example(folder, name))}
    wanted = pages(folder, kept)
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    without = {folder / "tables" / f"{name}.md" for name in (*SCHEMAS, *tables()) if name not in kept}
    return sorted({*stale, *without, *(path for path in (folder / "tables").glob("*.md") if path not in wanted)})


def _kept_example(folder: Path, name: str) -> str:
    """The example that the table's page has, empty where it has none or one of other columns."""
    page = folder / "tables" / f"{name}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = text.partition(f"{EXAMPLE_FROM}\n")[2].partition(f"\n{EXAMPLE_TO}")[0]
    header = next((line for line in found.splitlines() if line.startswith("| ")), "")
    is_right = set(header.strip("| ").split(" | ")) <= set(schema_of(name)) if header else found == EMPTY
    return found if is_right else ""


def tables_page() -> str:
    """The index of tables by family, and a picture of what is made from what."""
    families = [("bronze", _BRONZE, [(name, DESCRIPTIONS[name]) for name in SCHEMAS])]
    for (layer, family), group in groupby(sorted(tables().values(), key=_family), key=lambda t: (t.layer, t.family)):
        about = FAMILIES.get(family, "One row per real thing.")
        families.append((f"{layer}, {family}" if family else layer, about, [(t.name, t.summary) for t in group]))
    parts = [
        "# Tables",
        WRITTEN,
        "`tonearm show TABLE` prints one, `tonearm show TABLE --as-of 2026-01-01` as it stood then; they lie in the "
        "folder `lake` of the home as Delta. [Every column](columns.md) with the tables that have it; "
        "[how evidence is counted](../statistics.md).",
    ]
    for name, about, rows in families:
        parts += [f"## {name}", about, _grid(("table", "what it holds"), ((f"[{n}]({n}.md)", s) for n, s in rows))]
    parts += ["## What is made from what", _markdown(_LINEAGE), f"```mermaid\n{mermaid(lineage())}\n```"]
    return _page(parts)


_BRONZE = "Written and not derived: rows of files as they came, what models say, clocks and the ledger."
_LINEAGE = """An arrow that a longer way implies is left out, and one to a family leads to some of its tables; the
page of a table names all of its inputs, and `tonearm tables --graph TABLE` shows them on a terminal."""


def _family(table: Table) -> tuple[bool, str, str]:
    return table.layer == "gold", table.family, table.name


def columns_page() -> str:
    """Every column of the tables, and which tables have it."""
    having: dict[str, list[str]] = {}
    for name in (*SCHEMAS, *tables()):
        for column in schema_of(name):
            having.setdefault(column, []).append(name)
    grid = _grid(
        ("column", "type", "unit", "meaning", "tables"), ((*_column(c)[:4], _links(having[c])) for c in sorted(having))
    )
    about = "A column means the same in every table that has it; what a null means is on the tables' pages."
    return _page(["# Columns", WRITTEN, about, grid])


def table_page(name: str, example: str) -> str:
    """The page of one table: what it holds, some rows, its grain, its columns, its inputs and who uses it."""
    users = [other.name for other in tables().values() if name in other.inputs]
    if name in SCHEMAS:
        about, made = DESCRIPTIONS[name], ["Layer bronze, written as it comes."]
    else:
        table = tables()[name]
        about, made = table.doc, _made(table)
    made.append(f"Used for {_links(users)}." if users else "No other table uses it.")
    columns = _grid(("column", "type", "unit", "meaning", "null means"), (_column(c) for c in schema_of(name)))
    shown = f"## Example\n{EXAMPLE_FROM}\n{example}\n{EXAMPLE_TO}"
    facts = "\n".join(f"- {line}" for line in made)
    return _page([f"# {name}", WRITTEN, _markdown(about), facts, shown, f"## Columns\n{columns}"])


def _made(table: Table) -> list[str]:
    """How a derived table comes about, a fact a line."""
    question = FAMILIES.get(table.family)
    facts = [
        f"Layer {table.layer}, family {table.family}: *{question}*" if question else f"Layer {table.layer}.",
        f"One row per {', '.join(f'`{c}`' for c in table.grain)}.",
        f"Made from {_links(table.inputs)}.",
    ]
    if table.finish is not None:
        most = f"; at most {table.finish_limit:,} rows of one listener reach it" if table.finish_limit else ""
        facts.append(f"A second step computes what SQL cannot say{most}.")
    if table.family in STATISTICS:
        facts.append("[How evidence is counted](../statistics.md): units, intervals, corrected p, *insufficient*.")
    return facts


def _links(names: Iterable[str]) -> str:
    return ", ".join(f"[{name}]({name}.md)" for name in names)


def _column(name: str) -> tuple[str, ...]:
    column = COLUMNS[name]
    unit = "" if column.unit in ("UTC", "local time") else column.unit
    return f"`{name}`", _TYPES.get(column.kind, column.kind), unit, _meaning(column), column.null or "never null"


def _meaning(column: Column) -> str:
    if column.one_of:
        return f"{column.meaning} One of {', '.join(column.one_of)}."
    if column.low is not None and column.high is not None:
        return f"{column.meaning} From {column.low:g} to {column.high:g}."
    return column.meaning


def commands_page() -> str:
    """Every command with its options and examples."""
    top = click.Context(tonearm, info_name="tonearm")
    parts = ["# Commands", WRITTEN, _markdown(tonearm.help or ""), _EVERYWHERE, _epilog(tonearm)]
    for path, command in commands():
        context = top
        for name in path:
            context = click.Context(command, info_name=name, parent=context)
        usage = " ".join(["tonearm", *path, *command.collect_usage_pieces(context)])
        options = [_option(p, context) for p in command.params if isinstance(p, click.Option) and p.name not in _COMMON]
        parts += [f"## tonearm {' '.join(path)}", f"`{usage}`", _markdown(command.help or "")]
        parts += [_grid(("option", "what it does"), options) if options else "", _epilog(command)]
    return _page(part for part in parts if part)


def commands(
    group: click.Group = tonearm, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and the words that call it, in the order of ``--help``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield (*above, name), command
            if isinstance(command, click.Group):
                yield from commands(command, (*above, name))


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    shown = option.get_help_record(context)
    names, about = shown if shown else (", ".join(option.opts), "")
    return f"`{names}`", about.replace("  [", " [")


def _epilog(command: click.Command) -> str:
    """Examples and exit codes as they are laid out, without click's sign that they are."""
    parts = [inspect.cleandoc(part) for part in (command.epilog or "").split("\b\n") if part.strip()]
    return "\n\n".join(_block(part) for part in parts)


def _block(part: str) -> str:
    title, _, lines = part.partition("\n")
    return f"{title}\n```\n{inspect.cleandoc(' ' + lines)}\n```"


def data_page() -> str:
    """Every field of ``dashboard_data.json``, object by object, from its JSON Schema."""
    whole = schema()
    about = (
        "`tonearm export site` and `tonearm publish site` write it beside the page, with "
        f"[its JSON Schema]({SCHEMA_FILE}), which `tonearm export schema` prints; "
        "it is checked against that before it is written. "
        "[Which fields go out](website.md#what-goes-out) is yours to choose."
    )
    parts = [f"# {FILE}", WRITTEN, about, _markdown(whole["description"]), _fields(whole)]
    for name, part in _in_reading_order(whole):
        parts += [f"## {name}", _markdown(part["description"]), _fields(part)]
    return _page(parts)


def _in_reading_order(whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a schema, each after the one that has it first."""
    left, waiting = dict(whole["$defs"]), [whole]
    while waiting:
        text = json.dumps(waiting.pop(0).get("properties", {}))
        for name in re.findall(r"#/\$defs/(\w+)", text):
            if name in left:
                part = left.pop(name)
                waiting.append(part)
                yield name, part


def _fields(part: Mapping[str, Any]) -> str:
    rows = ((f"`{name}`", _kind(of), of.get("description", "")) for name, of in part["properties"].items())
    return _grid(("field", "type", "meaning"), rows)


def _kind(of: Mapping[str, Any]) -> str:
    """The type of a field in words, with a link to an object's own heading."""
    if "anyOf" in of:
        return " or ".join(_kind(one) for one in of["anyOf"])
    if "$ref" in of:
        name = of["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if of.get("type") == "array":
        return f"list of {_kind(of['items'])}"
    if "patternProperties" in of:
        (each,) = of["patternProperties"].values()
        return f"{_kind(each)} by hour, `0` to `23`"
    if "const" in of:
        return f"`{of['const']}`"
    if of.get("minimum") == 0 and "maximum" in of:
        return f"{of['type']}, 0 to {of['maximum']}"
    return {"date-time": "instant", "date": "day"}.get(of.get("format", ""), str(of["type"]))


def with_sources(page: str) -> str:
    """``page`` with the part between the marks written anew."""
    before, _, rest = page.partition(SOURCES_FROM)
    _, _, after = rest.partition(SOURCES_TO)
    return f"{before}{SOURCES_FROM}\n{_sources()}\n{SOURCES_TO}{after}"


def _sources() -> str:
    own = [source for source in sources().values() if type(source).__module__.startswith("tonearm.")]
    grid = _grid(
        ("kind (`--as`)", "what it is", "brings", "its instants", "exact to"),
        ((f"[{s.kind}](#{s.kind})", s.title, _FEEDS[s.feeds], *_instants(s)) for s in own),
    )
    return "\n\n".join([grid, *(_source(source) for source in own)])


def _instants(source: Source) -> tuple[str, str]:
    if source.feeds != "listens":
        return "", ""
    return f"the listen's {source.instant_is}", f"{source.precision_s:g} s"


def _source(source: Source) -> str:
    about = inspect.getdoc(type(source)) or ""
    how = (inspect.getdoc(source.recognises) or "").partition("\n\n")[0]
    return f"### {source.kind}\n{_markdown(about)}\n\n*Recognised*: {_markdown(how)}"


def _markdown(text: str) -> str:
    """A docstring as Markdown: its code has two backticks, and a line break is not a paragraph."""
    paragraphs = inspect.cleandoc(text).replace("``", "`").replace("\b\n", "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say what is out of date and fail if anything is.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path("docs"))
def write(check: bool, folder: Path) -> None:
    """Write the generated pages into FOLDER, docs by default."""
    stale = out_of_date(folder)
    if check:
        for path in stale:
            click.echo(f"{path} is out of date; run `make docs`", err=True)
        sys.exit(bool(stale))
    wanted = pages(folder, demo_examples())
    written = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in stale:
        if path not in wanted:
            path.unlink()
    click.echo(f"{len(written)} pages written, {len(wanted)} in all")


if __name__ == "__main__":
    write()

"""The documentation says what the code does: generated pages, commands, examples and links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tools.examples import EMPTY

from tonearm.bronze import SCHEMAS
from tonearm.cli import main
from tonearm.columns import COLUMNS
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import import_rows
from tonearm.settings import Settings
from tonearm.sources import sources
from tonearm.table import tables
from tools import docs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BY_HAND = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
EVERY = [*BY_HAND, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*/*.md"))]
COMMANDS = dict(docs.commands())


def blocks(page: Path, language: str = "") -> list[str]:
    """The code blocks of a page in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def test_generated_pages_say_what_the_code_says() -> None:
    stale = [str(path.relative_to(ROOT)) for path in docs.out_of_date(DOCS)]
    assert stale == [], "run `make docs`"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all generated pages, whose examples are made up."""
    made_up = dict.fromkeys((*SCHEMAS, *tables()), EMPTY) | {"sessions": "One.\n\n| minutes |\n| --- |\n| 3.2 |"}
    monkeypatch.setattr(docs, "demo_examples", lambda: made_up)
    (tmp_path / "sources.md").write_text("By hand.\n" + docs.SOURCES_FROM + "\nold\n" + docs.SOURCES_TO + "\n")
    done = CliRunner().invoke(docs.write, [str(tmp_path)])
    assert done.exit_code == 0, done.output
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("| 3.2 |", "| 3.1 |", False),
        ("| minutes |", "| hours |", True),
        (docs.EXAMPLE_FROM, "", True),
        ("One.\n\n| minutes |\n| --- |\n| 3.2 |", EMPTY, False),
        ("Layer silver", "Layer gold", True),
    ],
)
def test_of_an_example_just_the_values_may_differ(written: Path, old: str, new: str, stale: bool) -> None:
    page = written / "tables" / "sessions.md"
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new))
    assert docs.out_of_date(written) == ([page] if stale else [])


def test_the_columns_page_says_which_tables_have_a_column(written: Path) -> None:
    (line,) = (
        row for row in (written / "tables" / "columns.md").read_text().splitlines() if "`session_started_at`" in row
    )
    assert "[sessions](sessions.md)" in line
    assert "[tracks](tracks.md)" not in line


def test_a_page_that_differs_is_found_and_written_anew(written: Path) -> None:
    tmp_path = written
    write = CliRunner().invoke(docs.write, [str(tmp_path)])
    assert write.exit_code == 0, write.output
    assert docs.out_of_date(tmp_path) == []
    assert (tmp_path / "sources.md").read_text().startswith("By hand.\n")
    (tmp_path / "tables" / "no_longer_a_table.md").write_text("# no_longer_a_table\n")
    (tmp_path / "tables" / "sessions.md").write_text("# lies\n")
    check = CliRunner().invoke(docs.write, ["--check", str(tmp_path)])
    assert check.exit_code == 1
    assert "sessions.md is out of date" in check.output
    CliRunner().invoke(docs.write, [str(tmp_path)])
    assert not (tmp_path / "tables" / "no_longer_a_table.md").exists()
    assert CliRunner().invoke(docs.write, ["--check", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_described(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []
    assert {"home", "as_json"} <= {o.name for o in options}
    if len(command.params) > 2:
        assert "Examples:" in (command.epilog or ""), "a command with arguments of its own shows some"


def test_every_kind_of_file_is_described() -> None:
    text = (DOCS / "sources.md").read_text(encoding="utf-8")
    assert [kind for kind in sources() if f"### {kind}\n" not in text] == []


def test_every_column_has_a_meaning() -> None:
    assert [name for name, column in COLUMNS.items() if not column.meaning.endswith(".")] == []


def _typed() -> list[str]:
    lines = [line.strip() for page in BY_HAND for block in blocks(page) for line in block.splitlines()]
    return [line for line in dict.fromkeys(lines) if line.startswith("tonearm ")]


@pytest.mark.parametrize("line", _typed())
def test_every_command_in_the_docs_can_be_typed(line: str) -> None:
    typed(line)


def typed(line: str) -> None:
    """Up to running it: the command is there, with these options and as many arguments."""
    words = shlex.split(re.split(r" {3,}| > ", line)[0], comments=True)[1:]
    start = next(i for i, word in enumerate(words) if (word,) in COMMANDS)
    end = start + 2 if tuple(words[start : start + 2]) in COMMANDS else start + 1
    main.make_context("tonearm", words[:start], resilient_parsing=True)
    COMMANDS[tuple(words[start:end])].make_context(" ".join(words[:end]), words[end:])


@pytest.mark.parametrize("page", EVERY, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, heading = target.partition("#")
        there = page.parent / file if file else page
        if target.startswith(("http://", "https://")):
            continue
        if not there.exists() or (heading and heading not in _headings(there)):
            broken.append(target)
    assert broken == []


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_page_on_adding_a_source_adds_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = DOCS / "adding-a-source.md"
    (code,), (sample,), (project,) = blocks(page, "python"), blocks(page, "text"), blocks(page, "toml")
    entry_points = project.partition('[project.entry-points."tonearm.sources"]')[2].strip().replace('"', "")
    installed = tmp_path / "site"
    (installed / "tonearm_turntable-0.1.dist-info").mkdir(parents=True)
    (installed / "turntable.py").write_text(code)
    metadata = installed / "tonearm_turntable-0.1.dist-info"
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tonearm-turntable\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(f"[tonearm.sources]\n{entry_points}\n")
    monkeypatch.syspath_prepend(installed)
    diary = tmp_path / "diary.txt"
    diary.write_text(sample)
    sources.cache_clear()
    try:
        report = import_paths(settings, [diary])
    finally:
        sources.cache_clear()
    assert report.files[0].kind == "turntable_diary"
    assert (report.read, report.kept, report.rejected) == (4, 2, 2)
    rejected = import_rows(settings, 1, "rejected").to_pylist()
    assert [(row["row"], row["reason"]) for row in rejected] == [
        (3, "no date"),
        (4, "has 2 fields where 3 are expected"),
    ]

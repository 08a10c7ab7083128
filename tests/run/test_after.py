from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tonearm.errors import AfterRunFailed
from tonearm.run.after import after_run
from tonearm.settings import Settings


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def test_nothing_follows_unless_it_is_set(settings: Settings) -> None:
    assert after_run(settings) is False


def test_the_command_knows_the_home_and_prints_no_answer(
    settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "it was here"
    code = f"import os; open({str(there)!r}, 'w').write(os.environ['TONEARM_HOME']); print('published')"
    assert after_run(replace(settings, after_run=python(code))) is True
    assert there.read_text() == str(settings.home)
    shown = capfd.readouterr()
    assert (shown.out, shown.err.strip()) == ("", "published")


@pytest.mark.parametrize("command", [python("raise SystemExit(3)"), "/no/such/command --now", "echo 'never closed"])
def test_a_failure_names_the_setting(settings: Settings, command: str) -> None:
    with pytest.raises(AfterRunFailed, match="after_run"):
        after_run(replace(settings, after_run=command))

"""The torture itself, bounded: a few inputs and kills; `make torture` does more of both."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tools.fuzzing import MOST_BYTES, fuzz, mutated, read, seeds
from tools.killing import Torture

from tests.conftest import SHARED
from tonearm.settings import Settings

IMPORTS = SHARED / "imports"


def test_every_seed_is_read_as_some_kind(settings: Settings) -> None:
    assert [name for name, content in seeds().items() if read(name, content, settings) == "refused"] == []


def test_mutated_inputs_are_read_or_refused_and_the_home_is_built(settings: Settings) -> None:
    outcomes = fuzz(400, settings, IMPORTS if IMPORTS.is_dir() else None, 3, lambda: False)
    failed = sorted(path.name for path in (settings.home.parent / "failed").glob("*"))
    assert (outcomes["FAILED"], failed, outcomes["homes built"]) == (0, [], 1)


def test_mutating_is_the_same_for_the_same_seed_and_bounded() -> None:
    one, other = (mutated(random.Random(5), b"a,b\n" * 50, b"xyz") for _ in range(2))
    assert one == other
    assert all(len(mutated(random.Random(n), b"a" * MOST_BYTES, b"b")) <= MOST_BYTES for n in range(20))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["import", "undo", "build", "backup", "restore", "train"])
def test_a_killed_command_leaves_a_home_that_goes_on(tmp_path: Path, what: str) -> None:
    torture = Torture(tmp_path, seed=11)
    torture.settle()
    torture.once(what)
    torture.once(what)
    torture.settle()

"""Each client × each fault: what was acknowledged is in bronze once, and no queue is stuck.

A fault is brought on all clients at once, and what they submitted is imported when all faults are over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import pytest
from filelock import FileLock

from tests.clients import programs
from tests.clients.conftest import CLIENTS
from tests.clients.faults import FAULTS, World
from tests.clients.players import BAD_AT, Heard, Player
from tonearm.home import LOCK

pytestmark = pytest.mark.slow


@dataclass
class Cell:
    """What became of one client's listens during one fault."""

    stuck: list[Heard]
    acknowledged: list[Heard]
    dropped: list[Heard]


@dataclass
class Matrix:
    """All cells, and what bronze has in the end."""

    cells: dict[tuple[str, str], Cell]
    failed: dict[str, str]
    """Why a fault could not be gone through, by fault."""
    bronze: dict[str, Counter[tuple[str, int]]]
    """How often it has each title and second, by listener."""


@pytest.fixture(scope="module")
def matrix(world: World, request: pytest.FixtureRequest) -> Matrix:
    """Every fault of which a test was selected."""
    mine = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    wanted = {item.callspec.params.get("fault") for item in mine}
    cells, failed = {}, {}
    # The lake is somebody else's meanwhile, so that the server does not build tables after every submission.
    with FileLock(world.home.settings.home / LOCK):
        for number, (fault, happen) in enumerate(FAULTS.items()):
            if fault not in wanted:
                continue
            world.title, world.first = fault, 1_700_000_000 + 100_000 * number
            try:
                happen(world)
            except AssertionError as error:
                failed[fault] = str(error)
            finally:
                world.network.heal()
                world.server.start()
            for player in world.players:
                cells[fault, player.name] = _taken(player)
    world.home.import_all()
    return Matrix(cells, failed, world.home.listens())


def _taken(player: Player) -> Cell:
    """What the client has gone through; it starts anew."""
    cell = Cell(player.queue, player.acknowledged, player.dropped)
    player.queue, player.acknowledged, player.dropped = [], [], []
    return cell


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_doubled_and_no_queue_is_stuck(
    matrix: Matrix, here: dict[str, str | None], fault: str, client: str
) -> None:
    if here[client]:
        pytest.skip(cast(str, here[client]))
    assert fault not in matrix.failed, matrix.failed[fault]
    cell, kept = matrix.cells[fault, client], matrix.bronze.get(client, Counter())
    acknowledged = _good(cell.acknowledged)
    assert not cell.stuck, f"stuck: {cell.stuck}"
    assert acknowledged <= set(kept), f"lost: {acknowledged - set(kept)}"
    of_fault = {key: count for key, count in kept.items() if key[0].startswith(f"{fault}: ")}
    assert not [key for key, count in of_fault.items() if count > 1], f"doubled: {of_fault}"
    assert set(of_fault) <= acknowledged | _good(cell.dropped), "bronze has what nobody heard"
    given_up = _good(cell.dropped)
    assert not given_up or fault in programs.GIVEN_UP.get(client, ()), f"{client} gave up {given_up}"


def _good(listens: Iterable[Heard]) -> set[tuple[str, int]]:
    """Title and second of the listens that a server takes."""
    return {(one.track, one.at) for one in listens if one.at != BAD_AT and not one.track.endswith(": bad")}


def test_koito_reads_what_was_submitted(world: World, matrix: Matrix, tools: object) -> None:
    try:
        python = programs.aiokoito(tools)  # type: ignore[arg-type]
    except programs.NotHere as error:
        pytest.skip(str(error))
    player = world.players[0]
    found = programs.koito(python, player.account)
    assert found["plays"] == len(matrix.bronze[player.name])
    assert found["artists"] == ["Air"]

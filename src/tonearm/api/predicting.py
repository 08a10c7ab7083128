"""What answers predictions: models that stay loaded until the registry has others, and the records brought to them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from tonearm import models
from tonearm.errors import NotRegistered, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from tonearm.models.lifecycle.registry import Registry, Version
    from tonearm.models.model import Fitted, Model
    from tonearm.settings import Settings

MOST_RECORDS = 10_000
"""Of one request, which is answered within a second or two."""
LARGEST = 1e30
"""Largest value taken: models compute in 32-bit numbers, which end at 3.4e38."""
LONGEST_TEXT = 1_000
_SHOWN_PROBLEMS = 5
Answering = Literal["served", "model", "baseline"]
"""Who is asked: whichever of the two is served, or one of them whatever is served."""
_LOOK_EVERY_S = 30.0
"""A registry on a server is asked so often whether it has another version; a home's own file shows it by itself."""


Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Together(Generic[Asked, Answered]):
    """Answers at once what is asked in the same moment: of many clients at a time, each waits for one call of all."""

    def __init__(self, answer: Callable[[Sequence[Asked]], Sequence[Answered]]) -> None:
        """``answer`` has one answer for each of its questions, and may take a few milliseconds."""
        self._answer = answer
        self._waiting: list[tuple[Asked, asyncio.Future[Answered]]] = []

    async def ask(self, question: Asked) -> Answered:
        """The answer; raises what ``answer`` raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answered] = loop.create_future()
        self._waiting.append((question, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._answer_all)
        return await future

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            answers = self._answer([question for question, _ in waiting])
        except Exception as error:  # noqa: BLE001 - whoever asked raises it
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answered in zip(waiting, answers, strict=True):
            if not future.done():
                future.set_result(answered)


@dataclass(frozen=True)
class Loaded:
    """A version of a model, ready to answer."""

    model: Model
    fitted: Fitted
    version: Version

    def answers(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """One row for each record; targets in which the version did not beat its baseline are answered by that."""
        from tonearm.models.model import answers

        return answers(self.model, self.fitted, records, self.version.serves, threshold)

    def chances(self, records: Sequence[Mapping[str, Any]], by: Answering = "served") -> Sequence[float]:
        """How probably each track is popular: by the model, or by its baseline where it did not beat that."""
        fitted: Any = self.fitted
        quick = fitted.quick
        is_by_model = by == "model" or (by == "served" and "popular" in self.version.serves)
        found = quick.probability(records) if is_by_model else quick.baseline(records)
        chances: Sequence[float] = found.tolist()
        return chances

    @cached_property
    def together(self) -> Together[Mapping[str, Any], float]:
        """The same of one track, computed together with those that are asked for at the same moment."""
        return Together(self.chances)

    @cached_property
    def genres(self) -> frozenset[str]:
        """Those that a model of tracks learned of."""
        fitted: Any = self.fitted
        found: frozenset[str] = fitted.genres
        return found

    @property
    def about(self) -> dict[str, Any]:
        """Which model and version answers, and whether it or its baseline."""
        targets = [one.target for one in self.model.decides]
        served_by = {target: "model" if target in self.version.serves else "baseline" for target in targets}
        return {
            "model": self.model.registered,
            "version": self.version.version,
            "served_by": served_by,
            "baseline": self.model.baseline,
        }


class _Kept(NamedTuple):
    loaded: Loaded
    stamp: str | None
    looked_s: float


class Predicting:
    """The versions in use of a home's models, each loaded at its first use; may be shared by threads."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is read yet; ``clock`` counts seconds."""
        self._settings, self._clock = settings, clock
        self._registry: Registry | None = None
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    def kept(self, name: str) -> Loaded | None:
        """The version of a model that is in use now, if it is loaded."""
        kept = self._kept.get(name)
        return kept.loaded if kept is not None and self._is_current(kept) else None

    def loaded(self, name: str) -> Loaded:
        """The version of a model that is in use now; raises NotRegistered, ModelDamaged and ExtraMissing."""
        found = self.kept(name)
        if found is not None:
            return found
        models.require()
        with self._lock:
            return self._newest(name)

    def _is_current(self, kept: _Kept) -> bool:
        assert self._registry is not None
        stamp = self._registry.stamp()
        return stamp == kept.stamp and (stamp is not None or self._clock() - kept.looked_s < _LOOK_EVERY_S)

    def _newest(self, name: str) -> Loaded:
        from tonearm.models.lifecycle.registry import open_registry

        self._registry = self._registry or open_registry(self._settings)
        stamp, kept = self._registry.stamp(), self._kept.get(name)
        model = models.find(name)
        version = self._registry.in_use(model.registered)
        if version is None:
            self._kept.pop(name, None)
            raise NotRegistered(f"{model.name} has never been trained; `tonearm train {model.name}` does it")
        if kept is not None and kept.loaded.version == version:
            loaded = kept.loaded
        else:
            loaded = Loaded(model, self._registry.served(version).fitted, version)
        self._kept[name] = _Kept(loaded, stamp, self._clock())
        return loaded


class Fields(NamedTuple):
    """What a record may have."""

    numbers: frozenset[str]
    texts: frozenset[str]

    def known(self, records: Sequence[Mapping[str, Any]], example: str) -> list[dict[str, Any]]:
        """The fields of ``records`` that are known, without null; others are passed over.

        Raises UsageError, in a sentence for each of the first records that hold something else than a number or text
        there, or nothing that is known, for which ``example`` shows what might be.
        """
        if not 1 <= len(records) <= MOST_RECORDS:
            raise UsageError(f"1 to {MOST_RECORDS:,} records are taken at once; these are {len(records):,}")
        problems: list[str] = []
        rows = []
        for number, record in enumerate(records, start=1):
            row, wrong = self.read(record)
            rows.append(row)
            if not row and not wrong:
                wrong = [f"has no field that is known, such as {example}"]
            problems += [f"record {number}: {one}" for one in wrong]
            if len(problems) >= _SHOWN_PROBLEMS:
                break
        if problems:
            raise UsageError("; ".join(problems[:_SHOWN_PROBLEMS]))
        return rows

    def read(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """What is known of one record, and what is wrong with it, in words."""
        row: dict[str, Any] = {}
        wrong = []
        for name, value in record.items():
            if value is None or value == "":
                continue
            if name in self.numbers:
                number = as_number(value)
                if number is None:
                    wrong.append(f"{name} is {_shown(value)} and not a number")
                else:
                    row[name] = number
            elif name in self.texts:
                if isinstance(value, str | int | float) and len(str(value)) <= LONGEST_TEXT:
                    row[name] = str(value)
                else:
                    wrong.append(f"{name} is no text of at most {LONGEST_TEXT:,} characters")
        return row, wrong


def frame(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Records as models take many of them."""
    import pandas as pd

    return pd.DataFrame(list(records))


def as_number(value: Any) -> float | None:
    """A number, also one written as text; None where it is none, or beyond ``LARGEST``."""
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST else None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def plain_rows(answers: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of plain values, null where there is no number."""
    return [{str(k): _plain(v) for k, v in row.items()} for row in answers.to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Evidence:
    """How a version did on data that it had not learned from; intervals are of 95 %."""

    target: str
    metric: str
    protocol: str
    of: str
    """``everybody``, or the listener whose own rows these are."""
    n: int
    value: float | None
    value_low: float | None
    value_high: float | None
    baseline: str
    baseline_value: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    is_better: bool


def evidence(settings: Settings, model: str, version: int, listener: str | None = None) -> list[Evidence]:
    """What decided whether a version is served, and the same of the listener's own rows where there are some."""
    return measured(settings, model, version, listener)[0]


def measured(
    settings: Settings, model: str, version: int, listener: str | None = None
) -> tuple[list[Evidence], list[Evidence]]:
    """The same, and how the version did by every other metric."""
    from tonearm.models.lifecycle.training import evaluations

    rows = [row for row in evaluations(settings, model, version) if row["listener"] in (None, listener)]
    deciding = {(row["target"], row["protocol"], row["metric"]) for row in rows if row["is_deciding"]}
    decided: list[Evidence] = []
    other: list[Evidence] = []
    for row in rows:
        is_deciding = (row["target"], row["protocol"], row["metric"]) in deciding
        (decided if is_deciding else other).append(_evidence(row))
    return decided, other


def _evidence(row: Mapping[str, Any]) -> Evidence:
    return Evidence(
        target=row["target"],
        metric=row["metric"],
        protocol=row["protocol"],
        of=row["listener"] or "everybody",
        n=row["rows"],
        value=row["value"],
        value_low=row["value_low"],
        value_high=row["value_high"],
        baseline=row["baseline_name"],
        baseline_value=row["baseline_value"],
        gain=row["gain"],
        gain_low=row["gain_low"],
        gain_high=row["gain_high"],
        is_better=row["is_better"],
    )

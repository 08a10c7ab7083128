"""The trials of forecasts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tonearm.errors import TonearmError
from tonearm.models.trial.summary import Gauge, trial_gauges

if TYPE_CHECKING:
    from tonearm.store import Store

_FRESH_S = 60.0
"""A year of forecasts is added up this often at most, however often it is asked for."""


class TrialMetrics(Collector):
    """How many forecasts are open and scored, and their loss beside the baseline's; nothing where the store is busy."""

    def __init__(self, store: Callable[[], Store], clock: Callable[[], float] = monotonic) -> None:
        """Read ``store`` when asked; ``clock`` counts seconds."""
        self._store, self._clock = store, clock
        self._kept: list[Gauge] = []
        self._until_s = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not measure."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._gauges():
            family = families.get(one.name)
            if family is None:
                family = families[one.name] = GaugeMetricFamily(one.name, one.help, labels=list(one.labels))
            family.add_metric(list(one.labels.values()), one.value)
        yield from families.values()

    def _gauges(self) -> list[Gauge]:
        if self._clock() >= self._until_s:
            with suppress(TonearmError, OSError):
                self._kept = list(trial_gauges(self._store()))
                self._until_s = self._clock() + _FRESH_S
        return self._kept

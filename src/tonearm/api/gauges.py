"""Gauges with labels that take a while to add up, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from time import monotonic

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tonearm.errors import TonearmError
from tonearm.models.trial.summary import Gauge

_FRESH_S = 60.0
"""They are added up this often at most, however often they are asked for."""


class KeptGauges(Collector):
    """What ``read`` yields; what was read last where that is not possible now, as while the store is busy."""

    def __init__(self, read: Callable[[], Iterable[Gauge]], clock: Callable[[], float] = monotonic) -> None:
        """Read when asked; ``clock`` counts seconds."""
        self._read, self._clock = read, clock
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
                self._kept = list(self._read())
            self._until_s = self._clock() + _FRESH_S
        return self._kept

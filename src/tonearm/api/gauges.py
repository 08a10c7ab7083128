"""Gauges with labels, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tonearm.api.looking import Look
from tonearm.models.trial.summary import Gauge

FRESH_S = 60.0
"""They take a while to add up, and are added up this often at most, however often they are asked for."""


class Gauges(Collector):
    """What ``read`` yields; none while that is not possible, as where the store or the lake does not answer."""

    def __init__(self, what: str, read: Callable[[], Iterable[Gauge]]) -> None:
        """Read when asked; ``what`` is its name in the log."""
        self._look = Look(what, lambda: list(read()), FRESH_S)

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not measure."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._look.seen_now() or ():
            family = families.get(one.name)
            if family is None:
                family = families[one.name] = GaugeMetricFamily(one.name, one.help, labels=list(one.labels))
            family.add_metric(list(one.labels.values()), one.value)
        yield from families.values()

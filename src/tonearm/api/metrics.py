"""What ``/metrics`` counts of one application, for Prometheus: never a name, an address or a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tonearm.errors import TonearmError
from tonearm.ingest.ledger import ImportReport

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)

Measure = tuple[str, str, Callable[[], float | None]]
"""Name, meaning, and how it is measured when it is asked for; None where there is nothing to measure."""


class Metrics:
    """Counters of one application, in a registry of their own."""

    def __init__(self) -> None:
        """Count nothing yet."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "tonearm_request_seconds",
            "Seconds from a request to the end of its answer.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._submissions = Counter(
            "tonearm_submissions",
            "Listens that clients submitted, by protocol and outcome: accepted or rejected.",
            ["protocol", "outcome"],
            registry=self.registry,
        )
        self._imported = Counter(
            "tonearm_submissions_imported",
            "Submissions that this server took to the tables, by outcome: kept, duplicate or rejected.",
            ["outcome"],
            registry=self.registry,
        )
        # From 0 on, or Prometheus would take no notice of the first of them.
        for outcome in ("kept", "duplicate", "rejected"):
            self._imported.labels(outcome)

    def requested(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request; ``route`` is the path with its parameters' names."""
        self._requests.labels(method, route, str(status)).observe(took_s)

    def submitted(self, protocol: str, accepted: int, rejected: int) -> None:
        """Count listens that a client submitted."""
        self._submissions.labels(protocol, "accepted").inc(accepted)
        self._submissions.labels(protocol, "rejected").inc(rejected)

    def imported(self, report: ImportReport) -> None:
        """Count submissions that came into the tables."""
        counts = (("kept", report.kept), ("duplicate", report.duplicates), ("rejected", report.rejected))
        for outcome, count in counts:
            self._imported.labels(outcome).inc(count)

    def watch(self, measures: Iterable[Measure]) -> None:
        """Measure these as well, whenever they are asked for."""
        self.registry.register(_Measures(list(measures)))

    def text(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self.registry)


class _Measures(Collector):
    def __init__(self, measures: list[Measure]) -> None:
        self._measures = measures

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not measure."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One gauge each; one that cannot be measured now is left out."""
        for name, meaning, measure in self._measures:
            with suppress(TonearmError, OSError):
                value = measure()
                if value is not None:
                    yield GaugeMetricFamily(name, meaning, value=value)

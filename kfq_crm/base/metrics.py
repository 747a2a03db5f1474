"""The figures of the operations page in the text format of Prometheus.

Nothing is counted in the processes: every figure is read from the database and the broker when
it is asked for. So it is the same whichever of the web processes answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils import translation
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from kfq_crm.base import health, operations
from kfq_crm.base.operations import Line


def exposition(now: datetime) -> bytes:
    """All figures at this moment; what they mean is told in English."""
    registry = CollectorRegistry(auto_describe=False)
    with translation.override("en"):
        registry.register(_Figures(now))
        return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing in advance: what there is shows when it is read."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield self._ready()
        yield from self._panels()

    def _ready(self) -> GaugeMetricFamily:
        found = {problem.check for problem in health.problems(self.now)}
        family = GaugeMetricFamily("kfq_ready", "Whether the check is met", labels=["check"])
        for check in health.CHECKS:
            family.add_metric([check], 0 if check in found else 1)
        return family

    def _panels(self) -> Iterator[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for panel in operations.read_panels(self.now):
            for line in panel.lines:
                if line.value is not None:
                    _add(
                        families, f"kfq_{panel.key}_{line.key}", f"{panel.title}: {line.key}", line
                    )
        yield from families.values()


def _add(families: dict[str, GaugeMetricFamily], name: str, told: str, line: Line) -> None:
    if line.value is None:
        return
    if name not in families:
        families[name] = GaugeMetricFamily(name, told, labels=list(line.labels))
    families[name].add_metric(list(line.labels.values()), line.value)

"""Scoring calls on the metrics page."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from restudio.scoring.counts import BOUNDS
from restudio.scoring.dataplane import DataPlane


class RrsMetrics:
    """A prometheus-client collector over the counts that a data plane keeps."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def collect(self) -> Iterator[Metric]:
        calls = CounterMetricFamily("restudio_rrs_calls", "Scoring calls by status.", labels=["endpoint", "status"])
        times = HistogramMetricFamily("restudio_rrs_seconds", "Seconds from head to answer.", labels=["endpoint"])
        for endpoint, counts in self._plane.iter_counts():
            for status, number in list(counts.statuses.items()):
                calls.add_metric([endpoint, str(status)], number)
            total = 0
            buckets = []
            for bound, number in zip([*map(str, BOUNDS), "+Inf"], counts.buckets, strict=True):
                total += number
                buckets.append((bound, float(total)))
            times.add_metric([endpoint], buckets, counts.seconds)
        yield calls
        yield times

"""Gate: the new model is not worse than the live one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from restudio.endpoints.gate import Candidate, Verdict, gate

_LOWER_IS_BETTER = ("error", "loss", "distance", "deviation")


@gate(id="not-worse-than-live", name="Not worse than the live model", order=30)
def not_worse_than_live(candidate: Candidate) -> Verdict:
    """When the endpoint asks for it, the new model must tell the metric, as a finite number that is not worse than the
    live one's by more than the tolerance. A live model that tells none does not stand in the way of one that does.
    Metrics whose names speak of errors, losses, distances or deviations are better when lower."""
    rule = candidate.settings.metric_rule
    if rule is None:
        return Verdict(None, "The endpoint asks for no comparison of metrics.")
    new, live = (_find(metrics, rule.metric) for metrics in (candidate.new.metrics, candidate.live.metrics))
    if new is None:
        message = (
            f"The endpoint asks for '{rule.metric}', which the new model does not tell. Evaluate it before saving."
        )
        return Verdict(False, message)
    if not math.isfinite(new):
        return Verdict(False, f"'{rule.metric}' of the new model is {new}; it must be a finite number.")
    if live is None or not math.isfinite(live):
        return Verdict(None, f"The live model tells no finite '{rule.metric}' to compare with.")
    lower = any(word in rule.metric.casefold() for word in _LOWER_IS_BETTER)
    worse_by = new - live if lower else live - new
    told = f"'{rule.metric}' is {new:.6g}, that of the live model {live:.6g} (tolerance {rule.tolerance:g})."
    return Verdict(worse_by <= rule.tolerance, told)


def _find(metrics: Mapping[str, float], name: str) -> float | None:
    return next((float(v) for k, v in metrics.items() if k.casefold() == name.casefold()), None)

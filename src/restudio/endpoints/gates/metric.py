"""Gate: the new model is not worse than the live one."""

from __future__ import annotations

from restudio.endpoints.gate import Candidate, Verdict, gate

_LOWER_IS_BETTER = ("error", "loss", "distance", "deviation")


@gate(id="not-worse-than-live", name="Not worse than the live model", order=30)
def not_worse_than_live(candidate: Candidate) -> Verdict:
    """When the endpoint asks for it and both models tell the metric: it must not be worse by more than the tolerance.
    Metrics whose names speak of errors, losses, distances or deviations are better when lower."""
    rule = candidate.settings.metric_rule
    if rule is None:
        return Verdict(None, "The endpoint asks for no comparison of metrics.")
    new, live = (_find(metrics, rule.metric) for metrics in (candidate.new.metrics, candidate.live.metrics))
    if new is None or live is None:
        which = "new" if new is None else "live"
        return Verdict(None, f"The {which} model tells no '{rule.metric}'.")
    lower = any(word in rule.metric.casefold() for word in _LOWER_IS_BETTER)
    worse_by = new - live if lower else live - new
    told = f"'{rule.metric}' is {new:.6g}, that of the live model {live:.6g} (tolerance {rule.tolerance:g})."
    # Not a number compares false: such a metric never passes.
    return Verdict(worse_by <= rule.tolerance, told)


def _find(metrics: object, name: str) -> float | None:
    assert hasattr(metrics, "items")
    return next((float(v) for k, v in metrics.items() if k.casefold() == name.casefold()), None)

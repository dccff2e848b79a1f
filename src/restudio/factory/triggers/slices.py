"""SliceTrigger: the slices of an activity of version 1 (Data Factory reference, section 9). Written by the translation
of version 1 documents, and by nobody else."""

from __future__ import annotations

from datetime import timedelta

from restudio.expressions.errors import ExpressionError
from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.factory.v1.availability import EARLIEST, read_availability, read_bound
from restudio.factory.v1.inputs import compile_needs
from restudio.triggers.windows import Dependency, Windows

MAX_CONCURRENCY = 10


@trigger(
    type="SliceTrigger",
    single=True,
    properties=(
        Property("availability", "object", required=True, help="frequency, interval, style, anchorDateTime, offset."),
        Property("start", "string", required=True, help="Begin of the active period."),
        Property("end", "string", required=True, help="End of the active period."),
        Property("policy", "object", help="concurrency, executionPriorityOrder, retry, longRetry, delay."),
        Property("dependsOn", "array", help="Slices of other activities, or earlier ones of its own, that come first."),
        Property("of", "object", help="pipeline, activity and outputs of version 1 that this is the translation of."),
    ),
)
def slices(fields: Fields) -> Windows:
    """Runs an activity for every slice of its output dataset in the active period. The parameters of its pipeline may
    hold expressions of version 1 (`$$`), evaluated for the slice."""
    policy = fields.object("policy")
    availability = read_availability(fields.object("availability", required=True))
    retry = policy.integer("retry", 0, 10, default=0)
    rounds = policy.integer("longRetry", 1, 10, default=1)
    # With rounds, each has as many attempts as ``retry`` says; without them, these come after the first attempt.
    attempts = retry + 1 if rounds == 1 else max(retry, 1) * rounds
    return availability.windows(
        read_bound(fields, "start", required=True) or EARLIEST,
        read_bound(fields, "end", required=True) or EARLIEST,
        delay=max(policy.span("delay", default=timedelta(0)), timedelta(0)),
        max_concurrency=policy.integer("concurrency", 1, MAX_CONCURRENCY, default=1),
        newest_first=policy.choice("executionPriorityOrder", ("OldestFirst", "NewestFirst"), default="OldestFirst")
        == "NewestFirst",
        retries=attempts - 1,
        retry_interval=timedelta(0),
        round_attempts=max(retry, 1) if rounds > 1 else 0,
        round_interval=policy.span("longRetryInterval", default=timedelta(0)),
        held=True,
        depends_on=tuple(_dependency(each) for each in fields.objects("dependsOn")),
    )


def _dependency(fields: Fields) -> Dependency:
    reference = fields.object("referenceTrigger").text("referenceName")
    begin, end = fields.text("startTime"), fields.text("endTime")
    try:
        return Dependency(reference or None, tell_interval=compile_needs(begin, end) if begin and end else None)
    except ExpressionError as error:
        fields.problem("startTime", error.message, "InvalidExpression")
        return Dependency(reference or None)

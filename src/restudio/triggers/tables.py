"""Tables of triggers. ``next_due`` is set for started triggers alone, so that one index finds what is to do."""

from __future__ import annotations

import sqlalchemy as sa

from restudio.seams.database import metadata

triggers = sa.Table(
    "triggers",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("name", sa.String(260), nullable=False),
    sa.Column("folded", sa.String(260), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("started", sa.Boolean, nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("listens", sa.String(400), nullable=True, index=True),
    sa.Column("next_due", sa.Float, nullable=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("seen", sa.Float, nullable=True),
    sa.UniqueConstraint("kind", "owner", "folded"),
    sa.Index("ix_triggers_due", "mode", "next_due"),
)

firings = sa.Table(
    "trigger_firings",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("trigger_id", sa.String(32), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("name", sa.String(260), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("scheduled", sa.Float, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("updated", sa.Float, nullable=False),
    sa.Column("number", sa.Integer, nullable=True),
    sa.Column("window_start", sa.Float, nullable=True),
    sa.Column("window_end", sa.Float, nullable=True),
    sa.Column("body", sa.Text, nullable=True),
    sa.Column("mirrors", sa.Boolean, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("retries_left", sa.Integer, nullable=False),
    sa.Column("waits_since", sa.Float, nullable=False),
    sa.Column("not_before", sa.Float, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("runs", sa.Text, nullable=False),
    sa.Index("ix_trigger_firings_state", "state", "not_before"),
    sa.Index("ix_trigger_firings_number", "trigger_id", "number"),
    sa.Index("ix_trigger_firings_owner", "kind", "owner", "updated"),
)
"""``id`` follows from ``trigger_id`` and ``key``: the same firing is one row.

``not_before``: when a starting firing may be taken (again); the taker moves it on while it works on it.
"""

completions = sa.Table(
    "trigger_completions",
    metadata,
    sa.Column("trigger_id", sa.String(32), primary_key=True),
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("pipeline", sa.String(260), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("used", sa.Boolean, nullable=False),
)
"""Runs that a chaining trigger has seen."""

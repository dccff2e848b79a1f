"""Decisions of the experiments domain that need nothing but values."""

from __future__ import annotations

import re

from restudio.core.errors import Kind, RestudioError
from restudio.graph.plan import PortId

MAX_TITLE = 200
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


def ensure_title(title: str) -> None:
    """Refuse an empty or over-long title (``InvalidName``)."""
    if not title.strip() or len(title) > MAX_TITLE:
        text = f"The title of an experiment has 1 to {MAX_TITLE} characters, got {len(title.strip())}."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidName", text, target="title")


def predictive_title(title: str) -> str:
    return f"{title} [Predictive Exp.]"


def model_name(title: str) -> str:
    """The name of the trained model of an experiment, which is also the resource name of its service."""
    return f"{asset_title(title)} [trained model]"


def part_name(title: str, source: PortId) -> str:
    """The name of another saved output of an experiment."""
    return f"{asset_title(title)} [{_FORBIDDEN.sub('_', source[0])} {_FORBIDDEN.sub('_', source[1])}]"


def asset_title(title: str) -> str:
    """A title with what names of assets may not have replaced."""
    return _FORBIDDEN.sub("_", title).strip()

"""Names and ids of assets."""

from __future__ import annotations

import re

from restudio.core.errors import Kind, RestudioError

MAX_NAME = 260
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


def ensure_name(name: str) -> None:
    """Refuse a name that the original services refused; clients look for *forbidden characters* in the text."""
    found = _FORBIDDEN.search(name)
    if found is not None:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "InvalidName",
            f"The name {name[:MAX_NAME]!r} contains forbidden characters ({found[0]!r}). "
            'Leave out control characters and any of < > : " / \\ | ? *',
            target="Name",
        )
    if not name.strip() or len(name) > MAX_NAME:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "InvalidName",
            f"A name has 1 to {MAX_NAME} characters, got {len(name.strip())}.",
            target="Name",
        )


def asset_id(workspace_id: str, family: str, version: int) -> str:
    """The id of a version; clients split it at the dots."""
    return f"{workspace_id}.{family}.v1-default-{version}"

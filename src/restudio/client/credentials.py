"""``credentials.json``: what a client needs to reach the server whose home folder it stands in."""

from __future__ import annotations

from pathlib import Path

import msgspec

from restudio.core.credentials import FILE_NAME, Credentials
from restudio.core.decoding import decode_json
from restudio.core.errors import Kind, RestudioError


def read_credentials(home: Path) -> Credentials:
    """The credentials in a home folder; an error that says what to start when there are none."""
    path = home / FILE_NAME
    try:
        return decode_json(path.read_bytes(), Credentials)
    except FileNotFoundError:
        raise RestudioError(
            Kind.NOT_FOUND,
            "NoCredentials",
            f"There is no {path}. Start a server with `restudio serve --home {home}`, or give --url and --token.",
        ) from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise RestudioError(Kind.BAD_ARGUMENT, "BadCredentials", f"{path} is damaged: {error}.") from error

"""Request bodies, read leniently: classic clients mislabel and misencode JSON."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from restudio.core.errors import Kind, RestudioError


def parse_json(body: bytes, *, what: str = "The request body") -> Mapping[str, object]:
    """A JSON object, whatever the content type says; ``RequestBodyInvalid`` tells where it is broken."""
    if not body.strip():
        raise _invalid(f"{what} is empty; expected a JSON object.")
    value = parse_value(body, what=what)
    if not isinstance(value, dict):
        raise _invalid(f"{what} must be a JSON object, got {type(value).__name__}.")
    return value


def parse_value(body: bytes, *, what: str = "The request body") -> object:
    """As :func:`parse_json`, of any type."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.DecodeError as error:
        raise _invalid(f"{what} is not valid JSON: {error}.") from error
    except UnicodeDecodeError as error:
        raise _invalid(f"{what} is not UTF-8 text.") from error
    except RecursionError as error:
        raise _invalid(f"{what} is nested too deeply.") from error


def text_member(members: Mapping[str, object], name: str) -> str:
    """A member that must be a text and not empty."""
    value = optional_text(members, name)
    if not value:
        raise _invalid(f"'{name}' must be a text and not empty, got {members.get(name)!r}.", name)
    return value


def optional_text(members: Mapping[str, object], name: str) -> str | None:
    """A member that may be missing, null or empty: all of them are None. Databases differ about null characters."""
    value = members.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and "\0" in value:
        raise _invalid(f"'{name}' must not hold null characters.", name)
    if not isinstance(value, str):
        raise _invalid(f"'{name}' must be a text, got {value!r}.", name)
    return value


def object_member(members: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A member that must be a JSON object."""
    value = members.get(name)
    if not isinstance(value, dict):
        raise _invalid(f"'{name}' must be a JSON object, got {value!r}.", name)
    return value


def _invalid(message: str, target: str | None = None) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target=target)

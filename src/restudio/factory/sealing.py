"""Secrets in factory documents: sealed where they are kept, masked where they are shown, open only to what uses them.

A secret is the value of a SecureString, wherever it stands, and a text under one of the names that hold credentials. A
seal names its workspace inside: copied into another workspace it does not open.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping

from restudio.factory.linked_service import all_linked_services
from restudio.factory.properties import Json
from restudio.factory.secret import MASK
from restudio.seams.secrets import Secrets

PREFIX = "sealed:"

_OF_OTHER_TYPES = frozenset(
    {
        "accesskey",
        "embeddedcertdata",
        "encryptedcredential",
        "passphrase",
        "pfx",
        "privatekeycontent",
        "serviceprincipalcredential",
    }
)
"""Secret properties of linked services that cannot be used here but are kept as they came, in lower case."""
_SECRET_PART = re.compile(
    r"(?i)\b(AccountKey|SharedAccessSignature|Password|Pwd|sig|Key)(\s*=\s*)([^;&\s]+)|(?<=://)([^/@\s:]+:[^/@\s]+)(?=@)"
)
_FORMS = frozenset({"securestring", "azurekeyvaultsecret", "expression"})
Change = Callable[[str, str], str]
"""Gets the folded name of a secret's member and its text."""


@functools.cache
def secret_names() -> frozenset[str]:
    """Names of members that hold credentials, in lower case: every property that a linked-service type declares so."""
    declared = {name.casefold() for kind in all_linked_services().values() for name in kind.secrets}
    return frozenset(declared) | _OF_OTHER_TYPES


def seal(document: Json, secrets: Secrets, workspace_id: str, before: Json = None) -> Json:
    """The document with its secrets sealed. A masked secret stands for the one that ``before``, the sealed document
    kept until now, has in the same place."""

    def close(_: str, text: str) -> str:
        return PREFIX + secrets.seal(f"{workspace_id}\n{text}")

    shown = None if before is None else mask(before, secrets, workspace_id)
    return _walk(_unmasked(document, shown, before), _unless_sealed(close, secrets, workspace_id))


def open_sealed(document: Json, secrets: Secrets, workspace_id: str) -> Json:
    """The document with its secrets in clear; ``ValueError`` for a seal of another workspace or installation."""
    return _walk(document, lambda _, text: _open(text, secrets, workspace_id))


def mask(document: Json, secrets: Secrets, workspace_id: str) -> Json:
    """The document, sealed or open, with its secrets masked."""

    def hide(name: str, text: str) -> str:
        if name != "connectionstring":
            return MASK
        hidden = mask_text(_open(text, secrets, workspace_id))
        return hidden if MASK in hidden else MASK

    return _walk(document, hide)


def mask_whole(document: Json) -> Json:
    """An open document as a stranger may see it: its secrets masked whole, connection strings too."""
    return _walk(document, lambda name, text: MASK)


def mask_text(text: str) -> str:
    """A connection string or address with its secret parts masked.

    >>> mask_text("AccountName=lake;AccountKey=abc==")
    'AccountName=lake;AccountKey=**********'
    """
    return _SECRET_PART.sub(lambda m: f"{m[1]}{m[2]}{MASK}" if m[1] else f"{m[4].partition(':')[0]}:{MASK}", text)


def _open(text: str, secrets: Secrets, workspace_id: str) -> str:
    if not text.startswith(PREFIX):
        return text
    owner, _, plain = secrets.open(text.removeprefix(PREFIX)).partition("\n")
    if owner != workspace_id:
        raise ValueError("the secret was sealed for another workspace")
    return plain


def _unless_sealed(close: Change, secrets: Secrets, workspace_id: str) -> Change:
    """Keeps our own seals. A text that merely looks like one is a secret like any other."""

    def change(name: str, text: str) -> str:
        if text.startswith(PREFIX):
            try:
                _open(text, secrets, workspace_id)
            except ValueError:
                return close(name, text)
            return text
        return close(name, text)

    return change


def _walk(value: Json, change: Change, *, secure: bool = False) -> Json:
    """``secure``: the value of an object is a secret whatever its type says."""
    if isinstance(value, list):
        return [_walk(each, change) for each in value]
    if not isinstance(value, Mapping):
        return value
    names = secret_names()
    secure = secure or any(k.casefold() == "type" and str(v).casefold() == "securestring" for k, v in value.items())
    changed: dict[str, Json] = {}
    for name, member in value.items():
        folded = name.casefold()
        secret = folded in names or (secure and folded in ("value", "defaultvalue"))
        if secret and isinstance(member, str) and member:
            changed[name] = change(folded, member)
        elif folded in names and isinstance(member, Mapping) and not _has_form(member):
            # Headers by their names.
            changed[name] = {
                key: change(folded, each) if isinstance(each, str) and each else _walk(each, change)
                for key, each in member.items()
            }
        else:
            changed[name] = _walk(member, change, secure=folded in names and not _is_expression(member))
    return changed


def _has_form(value: Mapping[str, Json]) -> bool:
    """Whether an object is a secret in one of its forms, or an expression, and not names with texts."""
    return any(name.casefold() == "type" and str(each).casefold() in _FORMS for name, each in value.items())


def _is_expression(value: Json) -> bool:
    return isinstance(value, Mapping) and any(
        name.casefold() == "type" and str(each).casefold() == "expression" for name, each in value.items()
    )


def _unmasked(value: Json, shown: Json, before: Json) -> Json:
    """The value with each masked text replaced by what ``before`` holds where ``shown`` has the same mask."""
    if isinstance(value, str):
        return before if MASK in value and value == shown else value
    if isinstance(value, list):
        old = shown if isinstance(shown, list) and isinstance(before, list) else []
        return [
            _unmasked(each, old[i], before[i]) if i < len(old) else each  # by place: arrays have no other names
            for i, each in enumerate(value)
        ]
    if isinstance(value, Mapping) and isinstance(shown, Mapping) and isinstance(before, Mapping):
        return {name: _unmasked(each, shown.get(name), before.get(name)) for name, each in value.items()}
    return value

"""The kinds of data stores and their settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.designer.stores.types import Field, StoreKind

_PREFIX = Field("prefix", "Folder that all paths are relative to.", required=False)

KINDS: Mapping[str, StoreKind] = MappingProxyType(
    {
        kind.id: kind
        for kind in (
            StoreKind(
                "workspace",
                "A container of the workspace's own storage account.",
                (Field("container", "Name of the container; it is made when it is missing."), _PREFIX),
            ),
            StoreKind(
                "azure-blob",
                "A container of Azure Blob storage, or of a server that speaks its protocol.",
                (
                    Field("connection_string", "Connection string with a key or a signature.", secret=True),
                    Field("container", "Name of the container."),
                    _PREFIX,
                ),
            ),
            StoreKind(
                "s3",
                "A bucket of S3, or of a server that speaks its protocol.",
                (
                    Field("bucket", "Name of the bucket."),
                    Field("region", "Region of the bucket.", required=False),
                    Field("endpoint", "Address of the server; blank: Amazon's.", required=False),
                    Field("access_key_id", "Access key; blank: without credentials.", required=False),
                    Field("secret_access_key", "Secret of the access key.", required=False, secret=True),
                    _PREFIX,
                ),
            ),
            StoreKind(
                "folder",
                "A folder of the server, where the operator's setting 'pipeline_folders' allows it.",
                (Field("path", "Absolute path of the folder."),),
            ),
            StoreKind(
                "http",
                "Files below a web address; paths name one file each.",
                (
                    Field("url", "Address that paths are relative to."),
                    Field("query", "What follows the question mark, such as a signature.", required=False, secret=True),
                ),
            ),
        )
    }
)


def check_settings(kind: str, given: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Plain and secret settings of a store. All findings at once.

    Errors: ``UnknownStoreKind``, ``InvalidStoreSetting``.
    """
    known = KINDS.get(kind)
    if known is None:
        text = f"A data store is of one of the kinds {', '.join(KINDS)}, got '{kind[:50]}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "UnknownStoreKind", text, target="kind")
    fields = {f.name: f for f in known.fields}
    problems = [_bad(f"'{name}' is no setting of a store of kind {kind}.{nearest(name, fields)}", name)
                for name in given if name not in fields]  # fmt: skip
    texts: dict[str, str] = {}
    for name, declared in fields.items():
        value = given.get(name)
        if value is None or value == "":
            if declared.required:
                problems.append(_bad(f"A store of kind {kind} needs '{name}': {declared.help}", name))
        elif not isinstance(value, str) or any(ord(c) < 32 for c in value):
            problems.append(_bad(f"'{name}' must be a text of one line.", name))
        elif not declared.secret and _holds_credentials(value):
            problems.append(_bad(f"'{name}' is shown to everyone: give it without user, password and query.", name))
        else:
            texts[name] = value.strip()
    if problems:
        raise problems[0] if len(problems) == 1 else ManyErrors("InvalidStoreSetting", problems)
    plain = {name: text for name, text in texts.items() if not fields[name].secret}
    return plain, {name: text for name, text in texts.items() if fields[name].secret}


def _holds_credentials(text: str) -> bool:
    """Whether an address carries a user, a password or a query, where signatures are."""
    _, scheme, rest = text.partition("://")
    return bool(scheme) and ("?" in rest or "@" in re.split(r"[/?#]", rest, maxsplit=1)[0])


def _bad(text: str, name: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidStoreSetting", text, target=name)

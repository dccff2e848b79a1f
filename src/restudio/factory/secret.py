"""Secrets in documents: a bare text, a ``SecureString``, or a reference to a vault (Data Factory reference, 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from restudio.factory.properties import Json, Properties

MASK = "**********"
"""What is shown in the place of a secret."""
Vault = Callable[[Properties], str]
"""Opens an ``AzureKeyVaultSecret`` (``store``, ``secretName``, ``secretVersion``); raises for one that is not there."""


def open_secrets(value: Json, vault: Vault) -> Json:
    """The same value with every secret in the place of its form.

    >>> open_secrets({"apiKey": {"type": "SecureString", "value": "k"}, "url": "u"}, vault=lambda reference: "")
    {'apiKey': 'k', 'url': 'u'}
    """
    if isinstance(value, list):
        return [open_secrets(each, vault) for each in value]
    if not isinstance(value, Mapping):
        return value
    form = _form(value)
    if form == "securestring":
        return Properties(value).get("value")
    if form == "azurekeyvaultsecret":
        return vault(Properties(value))
    return {name: open_secrets(each, vault) for name, each in value.items()}


def mask_secrets(value: Json, secret_names: Collection[str] = ()) -> Json:
    """The same value as it may be shown: no text of a ``SecureString``, none under one of the names (in any case).

    >>> mask_secrets({"apiKey": "k", "url": "u"}, {"apiKey"})
    {'apiKey': '**********', 'url': 'u'}
    """
    folded = {name.casefold() for name in secret_names}
    return _masked(value, folded)


def _masked(value: Json, folded: Collection[str]) -> Json:
    if isinstance(value, list):
        return [_masked(each, folded) for each in value]
    if not isinstance(value, Mapping):
        return value
    if _form(value) == "securestring":
        return {name: MASK if name.casefold() == "value" else each for name, each in value.items()}
    return {name: _hidden(each) if name.casefold() in folded else _masked(each, folded) for name, each in value.items()}


def _hidden(value: Json) -> Json:
    """A secret value without its texts; a reference to a vault tells nothing and stays."""
    if isinstance(value, Mapping):
        if _form(value) == "azurekeyvaultsecret":
            return value
        return {name: each if name.casefold() == "type" else _hidden(each) for name, each in value.items()}
    return MASK if isinstance(value, str) else value


def _form(value: Mapping[str, Json]) -> str:
    form = Properties(value).get("type")
    return form.casefold() if isinstance(form, str) else ""

"""Secrets in documents: a bare text, a ``SecureString``, or a reference to a vault (Data Factory reference, 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def _form(value: Mapping[str, Json]) -> str:
    form = Properties(value).get("type")
    return form.casefold() if isinstance(form, str) else ""

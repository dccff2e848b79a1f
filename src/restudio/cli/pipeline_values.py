"""Values of pipeline parameters as people type them."""

from __future__ import annotations

from collections.abc import Sequence

import typer


def parameters_of(texts: Sequence[str] | None) -> dict[str, object]:
    """``NAME=VALUE`` texts as a mapping; the server knows the types.

    >>> parameters_of(["rate=0.5", "query=a=b"])
    {'rate': '0.5', 'query': 'a=b'}
    """
    return dict(_pair(text, "VALUE") for text in texts or ())


def data_of(texts: Sequence[str] | None) -> dict[str, str | tuple[str, str]]:
    """``NAME=DATASET`` and ``NAME=STORE:PATH`` texts as the client takes them. A version of a data set is a number.

    >>> data_of(["training=lake:churn/w31", "test=adult.csv", "old=adult.csv:1"])
    {'training': ('lake', 'churn/w31'), 'test': 'adult.csv', 'old': 'adult.csv:1'}
    """
    found: dict[str, str | tuple[str, str]] = {}
    for text in texts or ():
        name, value = _pair(text, "DATASET or NAME=STORE:PATH")
        store, colon, path = value.partition(":")
        found[name] = (store, path) if colon and not path.isdecimal() else value
    return found


def default_data_of(texts: Sequence[str] | None) -> dict[str, str]:
    """As :func:`data_of`, in the one text that stands for either.

    >>> default_data_of(["training=lake:churn/w31", "test=adult.csv"])
    {'training': 'azureml://datastores/lake/paths/churn/w31', 'test': 'adult.csv'}
    """
    found = data_of(texts)
    return {n: v if isinstance(v, str) else f"azureml://datastores/{v[0]}/paths/{v[1]}" for n, v in found.items()}


def _pair(text: str, what: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"Expected NAME={what}, got '{text}'.")
    return name, value

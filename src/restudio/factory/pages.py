"""Reference pages from declarations: activities, linked services, datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from restudio.factory.activity import Activities, Property
from restudio.factory.dataset import DatasetKinds
from restudio.factory.linked_service import LinkedServiceKinds


def activities_page(activities: Activities) -> str:
    """Every activity type with its properties, as Markdown."""
    return "\n".join([*_ACTIVITIES, *_activities(activities)]) + "\n"


def linked_services_page(kinds: LinkedServiceKinds) -> str:
    """Every linked-service type with its properties, as Markdown."""
    return "\n".join([*_LINKED_SERVICES, *_linked_services(kinds)]) + "\n"


def datasets_page(kinds: DatasetKinds) -> str:
    """Every dataset type with its properties, as Markdown."""
    return "\n".join([*_DATASETS, *_datasets(kinds)]) + "\n"


_ACTIVITIES = (
    "# Activities",
    "",
    "What a pipeline can do. Names of types and properties are taken in any case. Every property may be an",
    "[expression](expressions.md). `policy` (`timeout` 12 hours unless set, `retry`, `retryIntervalInSeconds`,",
    "`secureInput`, `secureOutput`) applies to all that reach something outside; control activities end by themselves.",
    "",
    "Failures carry the documented codes; the message says what was expected and what came. An activity that is done",
    "again after a crash goes on where it was: a batch job or a pipeline run is never started twice, a file appears",
    "whole, a table is written in one transaction, the same model is one revision.",
)
_LINKED_SERVICES = (
    "# Linked services",
    "",
    "Where things are and how to get in. Secrets (marked \\*) are sealed where they are kept and never shown. They are",
    'given as text, as `{"type": "SecureString", "value": …}`, or better as a reference to a secret of the factory:',
    '`{"type": "AzureKeyVaultSecret", "store": {"referenceName": "Vault", …}, "secretName": "name"}`, kept by',
    "`restudio factory secret set name`. Properties may be [expressions](expressions.md) over `linkedService()`.",
    "",
    "Addresses inside the operator's network are closed unless the setting `egress` opens them; the public address of",
    "this server is always open. Local folders and SQLite files are closed unless `pipeline_folders` opens them.",
)
_DATASETS = (
    "# Datasets",
    "",
    "What data is, on a [linked service](linked-services.md). Properties may be [expressions](expressions.md) over",
    "`dataset()`.",
)


_SECRET = " \\*"


def _activities(activities: Activities) -> Iterator[str]:
    for each in activities.values():
        spec = each.spec
        yield from ("", f"## {spec.type}", "", *_paragraph(spec.help))
        if spec.linked_services:
            yield from ("", f"`linkedServiceName`: {', '.join(f'`{name}`' for name in spec.linked_services)}.")
        if spec.properties:
            yield from _table(("property", "kind", "", "", "means"), [_property(p) for p in spec.properties])


def _property(p: Property) -> tuple[str, ...]:
    default = "" if p.default is None else f"`{str(p.default).lower() if isinstance(p.default, bool) else p.default}`"
    place = " (beside `typeProperties`)" if p.outside else ""
    return f"`{p.name}`{place}", p.type, "required" if p.required else "", default, p.help


def _linked_services(kinds: LinkedServiceKinds) -> Iterator[str]:
    for kind in kinds.values():
        yield from ("", f"## {kind.type}", "", *_paragraph(kind.help), *_also(kind.aliases))
        rows = [
            (f"`{p.name}`" + _SECRET * p.secret, "required" if p.required else "", ", ".join(p.choices), p.help)
            for p in kind.properties
        ]
        yield from _table(("property", "", "values", "means"), rows)


def _datasets(kinds: DatasetKinds) -> Iterator[str]:
    for kind in kinds.values():
        yield from ("", f"## {kind.type}", "", *_paragraph(kind.help), *_also(kind.aliases))
        rows = [(f"`{p.name}`", "required" if p.required else "", p.help) for p in kind.properties]
        yield from _table(("property", "", "means"), rows)


def _also(aliases: Sequence[str]) -> tuple[str, ...]:
    return ("", f"Also as {', '.join(f'`{name}`' for name in aliases)}.") if aliases else ()


def _paragraph(text: str) -> list[str]:
    return text.splitlines()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", "| " + " | ".join(head) + " |", "|" + "---|" * len(head))
    yield from ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)

"""The declaration of a linked-service type: its properties, which of them are secret, and how to reach the thing.

    @linked_service(
        type="Web",
        properties=(LinkedProperty("url", required=True, help="Base address."),),
    )
    def web(service: LinkedService, platform: Platform) -> HttpPlace: ...

A type is a function in a file of ``restudio.factory.linked_services``; adding one edits no other file. What the
function returns says what may be done there: files, SQL, HTTP, a web service.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from restudio.core.errors import nearest
from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.platform import Platform
from restudio.factory.type_catalog import TypeCatalog, collect

T = TypeVar("T")
Open = Callable[[LinkedService, Platform], object]


@dataclass(frozen=True, slots=True)
class LinkedProperty:
    """One member of ``typeProperties``. ``secret``: sealed at rest, never shown."""

    name: str
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class LinkedServiceKind:
    """A declaration beside its function."""

    type: str
    help: str
    properties: tuple[LinkedProperty, ...]
    aliases: tuple[str, ...]
    open: Open

    @property
    def names(self) -> tuple[str, ...]:
        return (self.type, *self.aliases)

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the properties that hold secrets."""
        return frozenset(each.name for each in self.properties if each.secret)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.properties if each.required)


def linked_service(
    *, type: str, properties: tuple[LinkedProperty, ...], aliases: tuple[str, ...] = ()
) -> Callable[[Open], LinkedServiceKind]:
    """Declare a type; the function's docstring is its help text."""

    def declare(function: Open) -> LinkedServiceKind:
        return LinkedServiceKind(type, inspect.getdoc(function) or "", properties, aliases, function)

    return declare


class LinkedServiceKinds(TypeCatalog[LinkedServiceKind]):
    """Types of linked services by name, in any case."""

    NOUN = "linked services"


@functools.cache
def all_linked_services() -> LinkedServiceKinds:
    """Every type that this product knows."""
    return LinkedServiceKinds(collect("restudio.factory.linked_services", LinkedServiceKind))


def reach(service: LinkedService, platform: Platform, wanted: type[T], activity_type: str) -> T:
    """What a linked service leads to, if it is what the activity needs (2110 if not, 2103 for what is not given)."""
    kind = all_linked_services().get(service.type)
    if kind is None:
        raise _unsupported(service, activity_type, nearest(service.type, all_linked_services()))
    for name in kind.required:
        if service.properties.get(name) in (None, ""):
            raise ActivityFailed.missing(name)
    for each in kind.properties:
        given = service.properties.get(each.name)
        if each.choices and isinstance(given, str) and given.casefold() not in {c.casefold() for c in each.choices}:
            raise ActivityFailed(
                "2104",
                f"The value '{given[:80]}' of the property '{each.name}' of the linked service '{service.name}' is not "
                f"one of {', '.join(each.choices)}.",
            )
    found = kind.open(service, platform)
    if not isinstance(found, wanted):
        raise _unsupported(service, activity_type)
    return found


def _unsupported(service: LinkedService, activity_type: str, more: str = "") -> ActivityFailed:
    message = f"The linked service type '{service.type}' is not supported for '{activity_type}' activities.{more}"
    return ActivityFailed("2110", message)


def text(service: LinkedService, name: str) -> str | None:
    """A property as text; None when it is not given. 2104 for another type."""
    value = service.properties.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ActivityFailed.wrong_type(name, "string")
    return value


def get_text(service: LinkedService, name: str) -> str:
    """As :func:`text`; 2103 when it is not given."""
    value = text(service, name)
    if value is None:
        raise ActivityFailed.missing(name)
    return value

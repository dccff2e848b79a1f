"""YAML as we accept it from strangers: plain JSON-like values, limits before parsing, and the line of every value.

No anchors, no tags, no dates, no ``yes``/``no`` Booleans: what looks like a text is a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from restudio.core.errors import Kind, RestudioError

MAX_BYTES = 8 << 20
MAX_DEPTH = 40
MAX_NODES = 400_000

_BOOLEAN = re.compile(r"(?:true|false|True|False)\Z")
_NULL = re.compile(r"(?:null|~|)\Z")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_REAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)\Z")
_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_SPECIAL = re.compile(r"(?:[-+]?\.inf|\.nan)\Z")
_RULES = (
    ("bool", _BOOLEAN, "tTfF"),
    ("null", _NULL, ["n", "~", ""]),
    ("int", _INTEGER, "-+0123456789"),
    ("float", _REAL, "-+.0123456789"),
    ("float", _SPECIAL, "-+."),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a document and the 1-based line on which it begins; members and items are places themselves."""

    value: Mapping[str, Place] | list[Place] | str | int | float | bool | None
    line: int

    def plain(self) -> object:
        """The value without lines."""
        if isinstance(self.value, Mapping):
            return {name: member.plain() for name, member in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def unreadable(line: int | None, text: str) -> RestudioError:
    """The error for a document that is not as it should be."""
    where = f"Line {line}: " if line is not None else ""
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidDocument", f"{where}{text}", target="document")


def parse_yaml(text: str) -> Place:
    """Read one document. Errors: ``InvalidDocument`` with the line."""
    if len(text.encode()) > MAX_BYTES:
        raise unreadable(None, f"The document is larger than {MAX_BYTES >> 20} MB.")
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise unreadable(line, f"This is not YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise unreadable(None, f"This is not YAML: {str(error).splitlines()[0]}.") from error
    if root is None:
        raise unreadable(1, "The document is empty.")
    return _place(root)


def dump_yaml(value: object) -> str:
    """Write plain values in reading order: long texts as blocks, short lists on one line."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


for _tag, _pattern, _letters in _RULES:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, list(_letters))


def _represent_text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    # Other line ends than \n survive only as escapes.
    style = '"' if _ODD_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_list(dumper: yaml.SafeDumper, items: list[object]) -> SequenceNode:
    short = all(isinstance(i, (str, int, float, bool)) and len(str(i)) < 40 for i in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)


def _check_events(text: str) -> None:
    """Limits before anything is built: the parser is a flat loop, composing is recursive."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if count > MAX_NODES:
            raise unreadable(line, f"The document has more than {MAX_NODES} values.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise unreadable(line, "Anchors and aliases ('&', '*') are not used here; write the value out.")
        if (tag := getattr(event, "tag", None)) not in (None, "!"):
            raise unreadable(line, f"Tags are not used here: '{tag}'.")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > MAX_DEPTH:
                raise unreadable(line, f"The document is nested deeper than {MAX_DEPTH} levels.")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _place(node: Node) -> Place:
    line = node.start_mark.line + 1
    if isinstance(node, MappingNode):
        members: dict[str, Place] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise unreadable(key.start_mark.line + 1, "The name of a member must be a text.")
            _scalar(key, key.start_mark.line + 1)
            if key.value in members:
                raise unreadable(key.start_mark.line + 1, f"'{key.value}' is given twice.")
            members[key.value] = _place(value)
        return Place(members, line)
    if isinstance(node, SequenceNode):
        return Place([_place(item) for item in node.value], line)
    return Place(_scalar(node, line), line)


def _scalar(node: Node, line: int) -> str | int | float | bool | None:
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "bool":
        return text.casefold() == "true"
    if kind == "null":
        return None
    if kind == "int":
        if len(text) > 4000:
            raise unreadable(line, "The number has too many digits.")
        return int(text)
    if kind == "float":
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise unreadable(line, "The text holds half of a surrogate pair, which is no character.")
    return text

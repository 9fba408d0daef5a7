"""Strict YAML: the 1.2 core schema on PyYAML's parser, with a position for every node.

PyYAML's own constructor follows YAML 1.1: it reads `1e6` as text, `12:30` as 750 and `no` as
false, and it keeps the last of two equal keys. Here only the events of its parser are used.
Anchors, aliases, merge keys, tags and further documents are refused: a scenario is read by
people, and every key has to stand where it takes effect.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from sim.documents.problems import Path, Place, Problem, raise_problems, refusal

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
# Not printable by section 5.1, or not text at all.
_FORBIDDEN = re.compile(
    "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_MAX_DEPTH = 40
_MAX_DIGITS = 300


@dataclass
class Document:
    """Plain values (dict, list, str, int, float, bool, None) and where each of them stands.

    Attributes
    ----------
    source:
        What messages call the document.
    data:
        The value of the whole document; None if it is empty.
    values, keys:
        Places by path: of each value, and of the key before it. A path has keys of mappings and
        numbers of items; that of the document is ().
    problems:
        What was refused while reading on: duplicate keys, anchors, tags.
    option:
        The option that the whole text stands in, if it is no file.
    """

    source: str
    data: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    option: Place | None = None

    def at(self, line: int, column: int) -> Place:
        """Return the place of a position; line and column are counted from 0, as PyYAML does."""
        return self.option or Place.in_file(self.source, line + 1, column + 1)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of `path`, or of the nearest thing around it that has one.

        Parameters
        ----------
        path
            Of a value, which need not be there.
        key
            Whether to return the place of the key before the value, if it has one.
        """
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, self.option or Place.whole(self.source))


def core_value(text: str) -> Any:
    """Return what a plain scalar means under the YAML 1.2 core schema (section 10.3.2).

    A scalar in quotes is text and does not come here. Text of more than 300 characters stays text,
    because reading a long number takes long.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    return text


def parse_yaml(text: str, source: str, option: Place | None = None) -> Document:
    """Parse one YAML document; what can be read past is left in `Document.problems`.

    Parameters
    ----------
    text:
        The document.
    source:
        What messages call it.
    option:
        The place of everything in it, for a text from the command line.

    Raises
    ------
    InvalidInputError
        If the text cannot be parsed at all.
    """
    document = Document(source, option=option)
    _check_characters(text, document)
    try:
        _Reader(text, document).read()
    except yaml.MarkedYAMLError as error:
        raise_problems([_syntax_problem(error, text, document)])
    return document


class _Reader:
    """Builds a `Document` from parser events, by recursive descent.

    Each method takes the events of its node, and no more. What is refused but can be read past
    becomes a problem of the document; what cannot raises InvalidInputError.

    Attributes
    ----------
    events
        Events of PyYAML's parser, from libyaml where that is installed.
    document
        What is built.
    """

    def __init__(self, text: str, document: Document) -> None:
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self.events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=loader))
        self.document = document

    def read(self) -> None:
        """Read the first document to its end, and note it if there is a second one."""
        documents = 0
        for event in self.events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            documents += 1
            if documents == 2:
                self.note(event, "", "a second document; a file holds one")
            if documents > 1:
                continue
            self.document.data = self.node(next(self.events), ())

    def node(self, event: yaml.Event, path: Path) -> Any:
        """Return the value of the node that begins with `event`, and remember its place.

        An alias has the value None.
        """
        place = self.place(event)
        self.document.values[path] = place
        self.check_plainness(event, path)
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style in (None, "") and event.tag is None
            return core_value(event.value) if plain else event.value
        if len(path) > _MAX_DEPTH:
            raise refusal(place, "", f"nested deeper than {_MAX_DEPTH} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path) if isinstance(event, yaml.MappingStartEvent) else None

    def sequence(self, path: Path) -> list[Any]:
        """Return the items of a list, up to its end."""
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, (*path, len(items))))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        """Return the items of a mapping, up to its end.

        Of keys that occur twice the first counts; merge keys are passed over. Both are noted.
        """
        items: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            below = (*path, key)

            if key == "<<":
                self.note(event, dotted(path), "a merge key '<<'; write the keys out")
                self.skip()
            elif key in items:
                first = self.document.keys[below]
                self.note(event, dotted(path), f"key '{key}' twice; first in line {first.line}")
                self.skip()
            else:
                self.document.keys[below] = self.place(event)
                items[key] = self.node(next(self.events), below)
        return items

    def key(self, event: yaml.Event, path: Path) -> str:
        """Return the text of a key; numbers and words are text too. Other nodes raise."""
        if isinstance(event, yaml.ScalarEvent):
            self.check_plainness(event, path)
            return str(event.value)
        noun = "an alias" if isinstance(event, yaml.AliasEvent) else "a list or mapping"
        raise refusal(self.place(event), dotted(path), f"a key must be text, not {noun}")

    def skip(self) -> None:
        """Pass over one node with everything below it, leaving its values and places unread."""
        depth = 0
        while True:
            event = next(self.events)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return

    def check_plainness(self, event: yaml.Event, path: Path) -> None:
        """Note an alias, an anchor or a tag at the node of `event`."""
        if isinstance(event, yaml.AliasEvent):
            self.note(event, dotted(path), f"an alias '*{event.anchor}'; write the value out")
            return
        if anchor := getattr(event, "anchor", None):
            self.note(event, dotted(path), f"an anchor '&{anchor}'; write values out")
        if tag := getattr(event, "tag", None):
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self.note(event, dotted(path), f"a tag '{short}'; tags are not allowed")

    def place(self, event: yaml.Event) -> Place:
        """Return the place where an event begins."""
        mark: Any = event.start_mark
        return self.document.at(mark.line, mark.column)

    def note(self, event: yaml.Event, where: str, message: str) -> None:
        """Add a problem at an event; reading goes on."""
        self.document.problems.append(Problem(self.place(event), where, message))


def dotted(path: Path) -> str:
    """Return `path` as people write it: `actors[0].models`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _check_characters(text: str, document: Document) -> None:
    """Raise InvalidInputError at the first character that YAML does not allow (section 5.1)."""
    match = _FORBIDDEN.search(text)
    if match is not None:
        before = text[: match.start()]
        place = document.at(before.count("\n"), match.start() - before.rfind("\n") - 1)
        raise refusal(place, "", f"a character that YAML does not allow: {match[0]!r}")


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, document: Document) -> Problem:
    """Return the problem of text that cannot be parsed; a tab before it is named as such."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Problem(document.place(()), "", f"not valid YAML: {error.problem}")

    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        return Problem(document.at(mark.line, line.index("\t")), "", "a tab; indent with spaces")
    context = f" {error.context}" if error.context else ""
    place = document.at(mark.line, mark.column)
    return Problem(place, "", f"not valid YAML: {error.problem}{context}")

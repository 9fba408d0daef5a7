"""The examples of the documentation: run them, and write what they print into the pages.

In README.md and docs/*.md, blocks marked `sh` are run; blocks marked `console` are run and show
what their commands print, a line `...` standing for any number of lines. The blocks of a page run
in order, in one folder, as do blocks marked `python`, which share their variables; the block
marked `output` after one shows what it prints. A `yaml` block that begins with the name of a file
becomes that file. Commands that fetch or install something are marked `sh-session`.

`python tools/examples.py PAGE...` runs the examples of the pages and rewrites what is shown of
their output, and the pictures that they draw beside the page; the tests only compare.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from sim.cli import progress
from sim.cli.main import cli

ANY_LINES = "..."
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FILE_NAME = re.compile(r"# (\S+\.yaml)\n")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([\w-]+\.png)\)")


class Example(NamedTuple):
    """Something that was run, what it printed, and what the page shows; lines without their end.

    `start` and `end` are where the shown lines stand in the text of the page.
    """

    source: str
    printed: list[str]
    shown: list[str]
    start: int
    end: int


def run_examples(page: Path) -> Iterator[Example]:
    """Run the blocks of a page in order, in the current folder; yield those that show an output.

    Parameters
    ----------
    page
        A Markdown file with blocks as the head of this file says.

    Raises
    ------
    AssertionError
        A command ended with another exit code than 0.
    """
    variables: dict[str, Any] = {}
    source, said = "", io.StringIO()
    for block in FENCE.finditer(page.read_text(encoding="utf-8")):
        language, content = block[1], block[2]
        name = FILE_NAME.match(content)
        if language == "yaml" and name:
            Path(name[1]).write_text(content, encoding="utf-8")
        elif language == "python":
            source, said = content, io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(content, page.name, "exec"), variables)
        elif language == "output":
            printed = lines_of(said.getvalue())
            yield Example(source, printed, content.splitlines(), block.start(2), block.end(2))
        elif language == "sh":
            for line in content.replace("\\\n", " ").splitlines():
                if line.strip():
                    output_of(line)
        elif language == "console":
            yield from _commands(content, block.start(2))


def _commands(content: str, start: int) -> Iterator[Example]:
    """Run each command of a console block, whose text begins at `start` of its page."""
    for command in COMMAND.finditer(content):
        printed = lines_of(output_of(command[1]))
        shown = command[2].splitlines()
        yield Example(command[1], printed, shown, start + command.start(2), start + command.end(2))


def output_of(command: str) -> str:
    """What a command prints, stdout and stderr together; plain ones run in this process."""
    words = shlex.split(command, comments=True)
    if words[0] == "sim" and not {"|", ">", "<", "&&"} & set(words):
        result = CliRunner().invoke(cli, words[1:])
        assert result.exit_code == 0, f"{command}\n{result.output}"
        return result.output

    shell = f'sim() {{ {sys.executable} -m sim "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", shell],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def lines_of(printed: str) -> list[str]:
    """Lines without spaces at their ends; no line for no output."""
    return [line.rstrip() for line in printed.rstrip("\n").split("\n")] if printed else []


def matches(printed: Sequence[str], shown: Sequence[str]) -> bool:
    """Whether lines are as shown, `...` standing for any number of them."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == ANY_LINES else re.escape(line.rstrip()) + r" *\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def updated(printed: Sequence[str], shown: Sequence[str]) -> list[str]:
    """The lines to show of a new output: those most like the ones shown so far.

    Lines that stood together stay together, and `...` stays where it was. Without `...` all that
    was printed is shown. Lines are compared with their numbers masked, because numbers change.
    """
    groups = _groups(shown)
    if len(groups) == 1:
        return list(printed)
    first, *inner, last = groups
    low, high = len(first), len(printed) - len(last)
    places = _best_places(inner, printed[low:high])
    lines = list(printed[: len(first)])
    for group, place in zip(inner, places, strict=True):
        lines += [ANY_LINES, *printed[low + place : low + place + len(group)]]
    return [*lines, ANY_LINES, *printed[max(high, low) :]]


def _groups(shown: Sequence[str]) -> list[list[str]]:
    """Runs of lines between the lines `...`; the first and the last may be empty."""
    groups: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == ANY_LINES:
            groups.append([])
        else:
            groups[-1].append(line)
    return groups


def _best_places(groups: Sequence[Sequence[str]], printed: Sequence[str]) -> list[int]:
    """Where each group begins in `printed`, in order and apart, so that the lines are most alike.

    Dynamic programming from the last group to the first.
    """
    best: list[tuple[float, list[int]]] = [(0.0, [])] * (len(printed) + 1)
    for group in reversed(groups):
        better: list[tuple[float, list[int]]] = [(-1.0, [])] * (len(printed) + 1)
        for place in range(len(printed) - len(group), -1, -1):
            later, places = best[place + len(group)]
            alike = sum(map(_likeness, group, printed[place:]))
            found = (later + alike, [place, *places]) if later >= 0 else (-1.0, [])
            better[place] = max(found, better[place + 1], key=lambda one: one[0])
        best = better
    score, places = best[0]
    if score < 0:
        raise ValueError("too few lines were printed for what the page shows")
    return places


def _likeness(shown: str, printed: str) -> float:
    """0 (nothing in common) to 1 with every number masked, and 1 more for the very same line."""
    one, other = (re.sub(r"[\d.,]+", "0", " ".join(line.split())) for line in (shown, printed))
    return difflib.SequenceMatcher(None, one, other).ratio() + (shown == printed)


def pictures_of(text: str) -> list[str]:
    """Names of the pictures beside a page that it shows; its examples draw them."""
    return _PICTURE.findall(FENCE.sub("", text))


def rewrite(page: Path) -> bool:
    """Run the examples of a page and write what they print; whether anything changed."""
    text = page.read_text(encoding="utf-8")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            examples = list(run_examples(page))
            for picture in pictures_of(text):
                shutil.copy(picture, page.parent)
        finally:
            os.chdir(here)
    for example in reversed(examples):
        if not matches(example.printed, example.shown):
            lines = "".join(f"{line}\n" for line in updated(example.printed, example.shown))
            text = text[: example.start] + lines + text[example.end :]
    changed = text != page.read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")
    return changed


def main(names: Sequence[str]) -> None:
    """Rewrite the pages `names`."""
    progress.ELSEWHERE_S = progress.SILENT_S = 600.0  # slow machines say nothing more
    for name in names:
        said = "rewritten" if rewrite(Path(name).resolve()) else "as it was"
        sys.stdout.write(f"{name}: {said}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""What a shell offers for a word that is begun."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from sim.cli.main import cli


def offered(*words: str) -> list[tuple[str, str]]:
    """Kind and text of what is offered for the last of the words behind `sim`."""
    complete = ShellComplete(cli, {}, "sim", "_SIM_COMPLETE")
    return [(x.type, x.value) for x in complete.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["repl"], [("plain", "replicate")]),
        (
            ["run", "reported_2026_0"],
            [("plain", "reported_2026_02"), ("plain", "reported_2026_09")],
        ),
        (["show", "worked"], [("plain", "worked_example")]),
        (["check", "worked_example", "worked"], [("plain", "worked_example")]),
        (["run", "./we"], [("file", "./we")]),
        (["run", "--fo"], [("plain", "--format"), ("plain", "--force")]),
        (["run", "--format", "c"], [("plain", "csv")]),
        (["dataset", "extraction-bench-v1-hard-m"], [("plain", "extraction-bench-v1-hard-medium")]),
        (["counts", "ru"], [("dir", "ru")]),
        (["score", "p.csv", "--pack", "pa"], [("dir", "pa")]),
        (["compare", "A1"], [("plain", x) for x in ("A1", "A10", "A11", "A12", "A13")]),
        (["realism", "runs/week", "--against", "claude"], [("plain", "claude_code")]),
        (["calibrate", "trace.c"], [("file", "trace.c")]),
        (["list", "rec"], [("plain", "recipes")]),
    ],
)
def test_a_shell_offers(words: list[str], expected: list[tuple[str, str]]) -> None:
    assert offered(*words) == expected

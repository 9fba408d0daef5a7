"""Words that are no verbs lead somewhere: help, the version, or the verb that does the work."""

from __future__ import annotations

import re

import pytest

from sim._version import __version__
from sim.cli.likely_words import _INSTEAD, no_such_verb
from sim.cli.main import cli
from tests.support.commands import refused, sim


def test_help_is_that_of_the_options() -> None:
    assert sim("help").stdout == sim("--help").stdout
    assert sim("help", "compare").stdout == sim("compare", "--help").stdout
    assert sim("help", "help").exit_code == 0


def test_the_version_is_a_word_too() -> None:
    said = sim("version")
    assert (said.exit_code, said.stdout) == (0, f"sim, version {__version__}\n")
    assert said.stdout == sim("--version").stdout


@pytest.mark.parametrize(
    "words", [("plot",), ("plot", "runs/demo", "--html", "x"), ("help", "plot")]
)
def test_a_likely_word_leads_to_its_verb(words: tuple[str, ...]) -> None:
    assert refused(sim(*words)).endswith(
        "Error: there is no `sim plot`; `sim report RUN --charts FOLDER` draws a run, "
        "`sim compare --charts FOLDER` what counts tell\n"
    )


def test_a_slip_of_the_hand_is_corrected() -> None:
    assert refused(sim("comparr")).endswith(
        "there is no `sim comparr`; did you mean `sim compare`?\n"
    )
    assert refused(sim("SHWO")).endswith("there is no `sim SHWO`; did you mean `sim show`?\n")


def test_any_other_word_lists_the_verbs() -> None:
    assert refused(sim("xyzzy\x1b")).endswith(
        r"there is no `sim xyzzy\x1b`; there are " + ", ".join(sorted(cli.commands)) + "\n"
    )


def test_likely_words_are_no_verbs_and_lead_to_verbs() -> None:
    assert not set(_INSTEAD) & set(cli.commands)
    for word in _INSTEAD:
        verbs = set(re.findall(r"`sim ([a-z-]+)", no_such_verb(word, cli.commands))) - {word}
        assert verbs
        assert verbs <= set(cli.commands), word

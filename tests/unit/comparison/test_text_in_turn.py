"""Text of an analysis while it is made: a short answer first, each section once it is known."""

from __future__ import annotations

from dataclasses import replace

from sim.comparison import TextInTurn, analyse, render_text
from sim.comparison.analysis import IN_SHORT, Analysis
from sim.comparison.render import _wrapped
from sim.comparison.short_answer import short_answer
from tests.support.comparison import by_hand

WHOLE = by_hand()


def only(*sections: str) -> Analysis:
    """The analysis as long as only these of its sections are computed."""
    return replace(WHOLE, results={x: WHOLE.results[x] for x in sections})


def test_pieces_in_turn_are_the_whole_text() -> None:
    text, done, pieces = TextInTurn(100), list[str](), list[str]()
    for section in sorted(WHOLE.results, key=lambda x: x not in IN_SHORT):
        pieces.append(text.more(only(*done)))
        done.append(section)
    pieces += [text.more(WHOLE), text.end(WHOLE)]
    assert "".join(pieces) == render_text(WHOLE)
    assert next(k for k, piece in enumerate(pieces) if piece) == 1, "once one section is known"
    assert sum(map(bool, pieces)) > 10


def test_a_sentence_of_the_short_answer_waits_for_its_section() -> None:
    text, answer = TextInTurn(100), short_answer(WHOLE)
    assert text.more(only("claims")) == ""
    first, second, third = (
        " ".join(text.more(only("claims", *IN_SHORT[:n])).split()) for n in (1, 2, 3)
    )
    assert first == f"{answer.question} {answer.about} - {answer.sentences[0]}"
    *of_odds, last = answer.sentences[1:]
    assert second == " ".join(f"- {x}" for x in of_odds)
    assert third.startswith(f"- {last} - {answer.would_settle} Before you read on")


def test_a_section_waits_for_those_before_it() -> None:
    text = TextInTurn(100)
    text.more(only(*IN_SHORT))
    assert text.more(only("critique", *IN_SHORT)) == ""
    more = text.more(only("claims", "critique", *IN_SHORT))
    assert more.startswith("claims: ")
    assert more.index("claims: ") < more.index("critique: ")
    assert "needed: " not in more


def test_without_its_sections_there_is_no_short_answer() -> None:
    part = analyse(claim_ids=["A4"], sections=["claims"], draws=200)
    assert render_text(part).startswith("Before you read on\n\n- A count of exchanges does not")


def test_a_finding_that_is_the_title_of_a_table_is_said_once() -> None:
    text = render_text(WHOLE)
    answer = WHOLE["pivot"]
    assert any(finding in {x.finding for x in answer.tables} for finding in answer.findings)
    flat = " ".join(text[text.index("\npivot: ") :].split())
    for finding in answer.findings:
        assert flat.count(" ".join(finding.split())) == 1, finding


def test_where_everything_is_printed_long_tables_are_cut() -> None:
    whole = render_text(WHOLE)
    assert "... 75 rows more with --only priors\n" in whole
    assert "... 30 rows more with --only sensitivity\n" in whole
    assert "... 1 row more with --only benchmark-runs\n" in whole
    assert "... 33 rows more in --csv, --json and --html\n" in whole

    asked = WHOLE.settings.sections
    part = replace(WHOLE, settings=replace(WHOLE.settings, sections=asked[1:]))
    assert "with --only" not in render_text(part)
    assert len(render_text(part).splitlines()) > len(whole.splitlines()) + 100


def test_text_keeps_a_width() -> None:
    for width in (40, 80):
        assert max(map(len, render_text(WHOLE, width).splitlines())) <= width


def test_numbers_stay_with_their_units_and_odds_whole() -> None:
    assert _wrapped("it is in 50 % of the 3.4 M odds of 10 : 1", 20) == [
        "it is in 50 % of the",
        "3.4 M odds of 10 : 1",
    ]
    assert _wrapped("they say of it 50 % now", 20) == ["they say of it 50 %", "now"]
    assert _wrapped("they say of it that 50 %", 22) == ["they say of it that", "50 %"]


def test_ratio_as_stated_is_foretold_and_said_once() -> None:
    text, pieces = TextInTurn(80), list[tuple[list[str], str]]()
    whole = analyse(
        claim_ids=["A4"],
        hypotheses=["resale"],
        draws=200,
        sections=["predictions", "odds", "design"],
        begins=lambda _, so_far: pieces.append((list(so_far.results), text.more(so_far))),
    )
    last = text.more(whole)
    ratio = "On its own, the count"
    # before odds under all prior sets are there
    assert [known for known, piece in pieces if ratio in piece] == [["predictions"]]
    assert ratio not in last
    assert not whole.foretold
    said = " ".join("".join(piece for _, piece in pieces).split())
    assert short_answer(whole).sentences[1] in said


def test_each_section_is_announced_with_what_is_known_so_far() -> None:
    told: list[tuple[str, list[str]]] = []
    whole = analyse(
        claim_ids=["A4"],
        hypotheses=["resale"],
        sections=["claims", "needed", "predictions"],
        draws=200,
        begins=lambda section, so_far: told.append((section, list(so_far.results))),
    )
    assert told == [
        ("predictions", []),
        ("claims", ["predictions"]),
        ("needed", ["claims", "predictions"]),
    ]
    assert list(whole.results) == ["claims", "needed", "predictions"]

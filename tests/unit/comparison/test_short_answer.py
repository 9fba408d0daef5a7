"""The answer in three sentences: made of the results, and true for other questions too."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sim.comparison.analysis import Analysis
from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.plain_words import in_hundred, plain_number
from sim.comparison.sections.predictions import REPORTED
from sim.comparison.short_answer import NO_INTENT, short_answer
from tests.support.comparison import by_hand

ANALYSIS = by_hand()


def with_results(**changes: object) -> Analysis:
    """The analysis made by hand, with other results in some sections."""
    return replace(ANALYSIS, results={**ANALYSIS.results, **changes})


def with_counts(p05: float, p95: float) -> Analysis:
    """The analysis with the same prediction of every explanation."""
    count = Span(p05, p05, p05, p95, p95)
    return with_results(
        predictions=tuple(replace(x, count=count) for x in ANALYSIS.results["predictions"])
    )


def with_ratio(log10: float) -> Analysis:
    """The analysis with the same ratio in every comparison of a count alone."""
    odds = ANALYSIS.results["odds"]
    moved = [
        replace(
            o,
            outside=(),
            steps=tuple(
                replace(x, ratios={k: Ranged(log10, log10, log10) for k in x.ratios})
                for x in o.steps
            ),
        )
        for o in odds.odds
    ]
    return with_results(odds=replace(odds, odds=tuple(moved)))


def test_few_sentences_that_end_and_a_question() -> None:
    answer = short_answer(ANALYSIS)
    assert answer.question.endswith("?")
    assert len(answer.sentences) in (3, 4)
    for x in (answer.about, *answer.sentences, answer.would_settle):
        assert x.endswith(".")
        assert not re.search(r"\d [kMG]\b", x)


def test_counts_are_told_by_whether_they_are_expected() -> None:
    all_fit = short_answer(with_counts(1, 1e9)).sentences[0]
    assert all_fit == (
        "Each of these counts could be expected under all 2 explanations without extraction, all "
        "of ordinary use: it lies in the middle 90 % of what they predict."
    )
    none_fit = short_answer(with_counts(1e12, 1e13)).sentences[0]
    assert none_fit == (
        "Such counts could be expected under none of the 2 explanations without extraction, all of "
        "ordinary use: they lie outside the middle 90 % of what each predicts."
    )
    one_not = short_answer(with_counts(1, 1e6)).sentences[0]
    assert "under none of the 2 explanations" in one_not
    assert one_not.endswith("the others under at least one, whose middle 90 % they lie in.")
    assert "Moonshot, 3.4 million" in one_not


@pytest.mark.parametrize(
    ("log10", "words"),
    [
        (-0.5, "no count makes coordinated extraction 2 times as likely"),
        (0.5, "no count makes coordinated extraction 5 times as likely"),
        (0.95, "no count makes coordinated extraction 30 times as likely"),
        (3.5, "can make coordinated extraction more than 1,000 times as likely"),
    ],
)
def test_ratios_are_told_in_classes_that_chance_does_not_change(log10: float, words: str) -> None:
    assert words in short_answer(with_ratio(log10)).sentences[1]
    again = short_answer(with_ratio(log10 + 0.02))
    assert again == short_answer(with_ratio(log10))


def test_comparisons_in_the_tails_say_nothing() -> None:
    odds = ANALYSIS.results["odds"]
    tails = [replace(o, outside=("extraction",)) for o in odds.odds]
    said = short_answer(with_results(odds=replace(odds, odds=tuple(tails)))).sentences
    assert not any("times as likely" in x for x in said)


def test_without_sections_it_says_what_no_count_can() -> None:
    bare = short_answer(replace(ANALYSIS, results={}))
    assert bare.sentences == (NO_INTENT,)
    assert bare.would_settle.startswith("It would tell more to know")


def test_where_another_explanation_is_accused_the_others_are_the_alternative() -> None:
    settings = replace(ANALYSIS.settings, accused="benchmarking")
    said = short_answer(replace(ANALYSIS, settings=settings))
    assert "benchmark runs" in said.question
    assert "without extraction" not in said.sentences[0]


def test_the_predictions_that_count_are_those_as_reported() -> None:
    thin = tuple(
        x if x.convention == REPORTED else replace(x, count=Span(0, 0, 0, 0, 0))
        for x in ANALYSIS.results["predictions"]
    )
    assert short_answer(with_results(predictions=thin)) == short_answer(ANALYSIS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (150_000, "150,000"),
        (3_400_000, "3.4 million"),
        (1_234, "1,230"),
        (0.25, "0.25"),
        (2.5e9, "2.5 billion"),
        (0, "0"),
        (999_999, "1 million"),
    ],
)
def test_numbers_as_newspapers_have_them(value: float, words: str) -> None:
    assert plain_number(value) == words


def test_observables_that_tell_alike_are_all_named() -> None:
    design = ANALYSIS.results["design"]
    shares = {"item_repetition": 0.23, "accounts": 0.277, "exchanges_per_task": 0.274}

    def moved(more: float) -> Analysis:
        beside = tuple(
            replace(x, wrong=shares.get(x.known[-1], 0.27) + more * (x.known[-1] == "accounts"))
            if x.known[-1] in (*shares, "exchanges_per_account")
            else replace(x, wrong=0.35)
            for x in design.beside
        )
        return with_results(design=replace(design, beside=beside))

    said = short_answer(moved(0)).would_settle
    for words in ("how many accounts", "how many exchanges one task", "the same prompts"):
        assert words in said
    assert "how much each account sent" not in said
    assert short_answer(moved(-0.006)).would_settle == said


def test_shares_are_told_in_steps_of_five() -> None:
    assert in_hundred(0.114) == "10 to 15 of 100 cases"
    assert in_hundred(0.04) == "fewer than 5 of 100 cases"
    assert in_hundred(1) == "95 to 100 of 100 cases"


def with_groups(legitimate: Ranged, access: Ranged) -> Analysis:
    """The analysis with the same odds of groups, and more than a count known, in every case."""
    odds = ANALYSIS.results["odds"]
    moved = []
    for o in odds.odds:
        first = o.steps[0]
        step = replace(
            first,
            known=("count", "accounts"),
            groups={"legitimate": legitimate, "access": access},
        )
        moved.append(replace(o, goodness={}, steps=(first, step)))
    return with_results(odds=replace(odds, odds=tuple(moved)))


def test_what_further_figures_say_is_not_left_out() -> None:
    said = short_answer(with_groups(Ranged(0.78, 0.05, 1.43), Ranged(-0.1, -0.6, 0.7)))
    (sentence,) = (x for x in said.sentences if "number of accounts" in x)
    assert "any extraction is about 6 times as likely as any legitimate use" in sentence
    assert "(about 1 to 30 under other assumptions)" in sentence
    assert sentence.endswith(", but too close to call beside use against the terms of access.")
    again = short_answer(with_groups(Ranged(0.77, 0.06, 1.4), Ranged(-0.12, -0.6, 0.7)))
    assert again == said


def test_further_figures_that_speak_for_the_accused_are_told_too() -> None:
    said = short_answer(with_groups(Ranged(-1.3, -2, 0.5), Ranged(-1, -1.2, -0.7))).sentences
    (sentence,) = (x for x in said if "number of accounts" in x)
    assert "any legitimate use is about 20 times as likely as any extraction" in sentence
    assert "from the contrary to 100 times" in sentence
    even = short_answer(with_groups(Ranged(0.2, -1, 1), Ranged(0, -1, 1))).sentences
    assert not any("number of accounts" in x for x in even)


def test_it_is_said_who_accuses_whom_of_what() -> None:
    about = short_answer(ANALYSIS).about
    assert "Anthropic said that" in about
    assert "On 23 February 2026" in about
    assert "Moonshot (over 3.4 million" in about
    assert "does not say what an exchange is" in about
    assert about.endswith("Extraction means training a model on another's answers.")

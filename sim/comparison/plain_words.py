"""Words for readers who know neither the catalog nor its codes: numbers, claims, observables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sim.comparison.claims.cases import Case
from sim.comparison.wording import observable_name

_QUESTIONS = {
    "accounts": "how many accounts there were",
    "exchanges_per_account": "how much each account sent",
    "concentration": "how unequally the accounts share the traffic",
    "exchanges_per_task": "how many exchanges one task takes",
    "item_repetition": "how often the same prompts come back",
    "moved_24h": "how fast the traffic moved to a new model",
    "synchrony": "whether accounts are busy at the same hours",
    "shared_instruments": "whether accounts share a means of payment",
}
_NOUNS = {
    "accounts": "number of accounts",
    "moved_24h": "share that moved to a new model within a day",
    "synchrony": "synchrony of accounts",
    "shared_instruments": "share of accounts with a shared payment",
}
_PARAMETERS = {
    "accounts": "number of accounts",
    "access": "whose accounts they are",
    "calls": "kind of task",
    "calls_too": "second kind of task",
    "mixed": "how tasks are mixed",
    "convention": "what counts as an exchange",
    "found_share": "share of accounts found",
    "foreign_share": "accounts found in error",
    "published_over": "count from which it is published",
    "repeat_share": "prompts sent again",
    "retries_per_answer": "failed attempts",
    "volume_sigma": "how unequal accounts are",
    "shared_instruments": "shared payment",
    "uptake": "how clients follow a release",
    "moved": "share that moved in a day",
    "suites": "which benchmarks",
    "model": "which model's steps",
    "models": "models compared",
    "prompts": "the number of prompts",
    "runs": "the number of runs",
    "users": "the number of users",
    "customers": "the number of customers",
    "days": "days of use",
    "samples": "answers to a prompt",
    "repeats": "repeats of a run",
    "turns_per_user_day": "turns of a user and day",
    "requests_per_customer_day": "requests of a customer and day",
}
_UNITS = {
    "runs": "benchmark rounds, each an assumed mix of benchmarks",
    "users": "product users",
    "customers": "resold customers",
}
_DIGITS = 3


def plain_number(value: float) -> str:
    """Return a number as a newspaper has it: `150,000`, `3.4 million`, with three digits."""
    rounded = float(f"{value:.{_DIGITS}g}")
    for size, word in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if abs(rounded) >= size:
            return f"{rounded / size:.{_DIGITS}g}{word}"
    return f"{rounded:,.0f}" if abs(rounded) >= 1 or rounded == 0 else f"{rounded:g}"


def claim_names(cases: Iterable[Case]) -> Mapping[str, str]:
    """Return by id what a case is called: `Moonshot, 3.4 million`; a sum is `together, 16 million`.

    Its id stands behind where two would be called the same.
    """
    cases = tuple(cases)
    names = {x.id: _name(x) for x in cases}
    often = Counter(names.values())
    return {id_: f"{x} ({id_})" if often[x] > 1 else x for id_, x in names.items()}


def _name(case: Case) -> str:
    """Return the actor and the count of a case."""
    claim = case.claims["count"]
    value = claim.value if claim.value is not None else claim.low
    actor = "together" if case.is_sum else case.actor
    return f"{actor}, {plain_number(value or 0)}"


def question_of(observable: str) -> str:
    """Return what an observable answers, such as `how often the same prompts come back`."""
    return _QUESTIONS.get(observable, observable_name(observable))


def observable_words(observable: str) -> str:
    """Return an observable as a noun in a sentence: `number of accounts`."""
    return _NOUNS.get(observable, observable_name(observable))


def parameter_words(parameter: str) -> str:
    """Return a parameter, as `product.days`, in words; one without words by its name."""
    last = parameter.split(".")[-1]
    return _PARAMETERS.get(last, last.replace("_", " "))


def unit_words(unit: str) -> str:
    """Return what a lever counts, such as `product users`.

    A benchmark round is one run of an assumed mix of benchmarks, not of a single one.
    """
    return _UNITS.get(unit, unit.replace("_", " "))


def in_hundred(share: float) -> str:
    """Return a share as `10 to 15 of 100 cases`, in steps of five, which chance seldom moves."""
    low = 5 * int(20 * min(share, 0.99))
    return f"{low} to {low + 5} of 100 cases" if low else "fewer than 5 of 100 cases"

"""What a scale makes of small numbers: where rounding leaves more, or less, than it asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sim.catalog as catalog
from sim.scenario.actor_forms import AnyActorForm, BenchmarkForm
from sim.scenario.checks import benchmark_of
from sim.scenario.scenario_form import ScenarioForm
from sim.scenario.size import scaled, scaled_keys, sizes_of_copies

# Relative difference between wanted and rounded that is worth a word.
_WORTH_SAYING = 0.2
# Of how much there is; workers and organisations only shape it.
_AMOUNTS = ("accounts", "target_exchanges", "items", "runs")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Rounded:
    """A number of an actor that rounding moves by more than a fifth.

    Attributes
    ----------
    actor, key
        Whose number, and which.
    number
        Before it is scaled; accounts and targets are those of all copies together.
    wanted
        The number times the scale.
    became
        What the run has instead: a whole number, at least 1.
    """

    actor: str
    key: str
    number: int
    wanted: float
    became: int


def rounded_numbers(form: ScenarioForm) -> tuple[Rounded, ...]:
    """Return what rounding moves by more than a fifth, in the order of the actors.

    Accounts, targets, items and runs are looked at. Without a scale there is nothing.
    """
    every = (one for actor in form.actors for one in _numbers(actor, form.scale))
    return tuple(x for x in every if abs(x.became / x.wanted - 1) > _WORTH_SAYING)


def _numbers(form: AnyActorForm, scale: float) -> Iterator[Rounded]:
    """Yield the numbers of an actor that a scale multiplies, defaults of its typology too."""
    defaults = catalog.typologies()[form.typology].defaults
    given = {
        key: getattr(form, key, None) or defaults.get(key)
        for key in scaled_keys(form, scale)
        if key in _AMOUNTS
    }
    if "items" in given and isinstance(form, BenchmarkForm):
        given["items"] = benchmark_of(form)[2].items
    numbers: dict[str, int] = {key: number for key, number in given.items() if number is not None}

    if isinstance(form, BenchmarkForm):
        for key, number in numbers.items():
            yield Rounded(form.id, key, number, number * scale, scaled(number, scale))
        return

    copies = sizes_of_copies(numbers, form.copies, scale)
    for key, number in numbers.items():
        total = number * form.copies
        yield Rounded(form.id, key, total, total * scale, sum(copy[key] for copy in copies))


def rounding_words(rounded: Sequence[Rounded], scale: float) -> str:
    """Return the warning that rounding distorts a scaled scenario.

    Parameters
    ----------
    rounded
        At least one; of more than five the worst are named.
    scale
        Of the scenario.
    """
    worst = sorted(rounded, key=lambda x: min(x.wanted / x.became, x.became / x.wanted))
    named = "; ".join(
        f"{x.actor}.{x.key} {x.number:,} x {scale:g} = {x.wanted:.3g} became {x.became:,}"
        for x in worst[:_MOST_NAMED]
    )
    left_out = len(worst) - _MOST_NAMED
    more = f"; and {left_out} more" if left_out > 0 else ""
    return (
        f"scale {scale:g} moves numbers by more than a fifth, since they are whole and at least 1: "
        f"{named}{more}; {_in_all(rounded)}{_remedy(rounded, scale)}"
    )


def _remedy(rounded: Sequence[Rounded], scale: float) -> str:
    """Return what to do: the scale from which on all of these stay within a fifth."""
    if scale > 1:
        return "choose a whole number as scale"
    # from 1.67 on, which becomes 2, rounding moves no number by more than a fifth
    enough = 2 / (1 + _WORTH_SAYING) / min(x.number for x in rounded)
    if enough >= 1:
        return "leave the scale out for shares and totals that hold"
    step = 10 ** (math.floor(math.log10(enough)) - 1)
    return f"from a scale of {math.ceil(enough / step) * step:.2g} on they stay within a fifth"


def _in_all(rounded: Sequence[Rounded]) -> str:
    """Return what becomes of the accounts of these actors together; empty without accounts."""
    accounts = [x for x in rounded if x.key == "accounts"]
    if len(accounts) < 2:
        return ""
    wanted, became = sum(x.wanted for x in accounts), sum(x.became for x in accounts)
    return f"accounts of these actors in all: {wanted:.3g} wanted, {became:,} made; "

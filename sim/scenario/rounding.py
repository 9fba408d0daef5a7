"""What a scale makes of small numbers: where rounding leaves more, or less, than it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sim.catalog as catalog
from sim.scenario.actor_forms import AnyActorForm, BenchmarkForm
from sim.scenario.checks import benchmark_of
from sim.scenario.scenario_form import ScenarioForm
from sim.scenario.size import scaled, scaled_keys

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
        Before it is scaled.
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
    for key in scaled_keys(form, scale):
        if key not in _AMOUNTS:
            continue
        number: int | None = getattr(form, key, None) or defaults.get(key)
        if key == "items" and isinstance(form, BenchmarkForm):
            number = benchmark_of(form)[2].items
        if number:
            yield Rounded(form.id, key, number, number * scale, scaled(number, scale))


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
        f"scale {scale:g} distorts, since numbers are whole and at least 1: {named}{more}; "
        f"{_in_all(rounded)}choose a larger scale for shares and totals that hold"
    )


def _in_all(rounded: Sequence[Rounded]) -> str:
    """Return what becomes of the accounts of these actors together; empty without accounts."""
    accounts = [x for x in rounded if x.key == "accounts"]
    if len(accounts) < 2:
        return ""
    wanted, became = sum(x.wanted for x in accounts), sum(x.became for x in accounts)
    return f"accounts of these actors in all: {wanted:.3g} wanted, {became:,} made; "

"""Cases: what one report says of one actor, gathered from its claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.catalog import Claim
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.claims.intervals import interval as interval_of
from sim.comparison.claims.observables import observable_of
from sim.errors import InvalidInputError

EXCHANGES = ("C1", "C2", "C3", "C4", "C5", "C6")
PROMPTS = ("C5", "C6")


@dataclass(frozen=True)
class Case:
    """What one report says of one actor: a count and whatever else it gives.

    Attributes
    ----------
    id:
        That of the claim which gives the count.
    report, actor:
        Who reports, and of whom, in the words of the claims.
    conventions:
        Those under which the count may be meant: C5 and C6 of prompts, else all six.
    claims:
        By observable, `count` always among them.
    window_days:
        Window of the count, None where the report does not say; other claims may have windows of
        their own.
    sum_of:
        Ids of the claims that the count adds up; empty for a count of its own.
    """

    id: str
    report: str
    actor: str
    conventions: tuple[str, ...]
    claims: Mapping[str, Claim]
    window_days: float | None
    sum_of: tuple[str, ...] = ()

    @property
    def is_sum(self) -> bool:
        """Whether the count adds up others: arithmetic, and no cluster of accounts to weigh."""
        return bool(self.sum_of)

    def interval(self, observable: str, reading: Reading = "rounded") -> Interval:
        """Return the values that the figure of an observable stands for.

        Parameters
        ----------
        observable:
            One of those in `claims`.
        reading:
            What "over" means.

        Returns
        -------
        Interval
            In the unit of the observable.

        Raises
        ------
        InvalidInputError
            For an observable that the report does not give.
        """
        if observable not in self.claims:
            names = ", ".join(self.claims)
            raise InvalidInputError(f"case {self.id!r} gives no {observable}; it gives {names}")
        return interval_of(self.claims[observable], reading)


def cases(claims: Mapping[str, Claim], named: Collection[str] = ()) -> Mapping[str, Case]:
    """Gather claims to cases, by id, in the order of the claims that give their counts.

    Claims belong together that name the same report and the same actor. Of two that give the same
    observable the first is taken, but accounts at one time only where no others are given. Claims
    without a figure, and those of other metrics, are in no case, and claims in words alone only
    where they are named; without a count there is no case.

    Parameters
    ----------
    claims:
        By id. Their order decides which of two figures is the first.
    named:
        Ids of claims in words that are to be weighed.

    Returns
    -------
    Mapping
        Read-only; empty if no claim gives a count.
    """
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims.values():
        if claim.value is not None and (claim.figure != "words" or claim.id in named):
            groups.setdefault((claim.report, claim.actor), []).append(claim)

    by_id: dict[str, Case] = {}
    for group in groups.values():
        by_observable = _by_observable(group)
        if "count" in by_observable:
            case = _case(by_observable)
            by_id[case.id] = case
    return MappingProxyType({key: by_id[key] for key in claims if key in by_id})


def case_with(by_id: Mapping[str, Case], claim: str) -> str | None:
    """Return the id of the case that holds a claim, as its count or beside it; None if none does.

    Parameters
    ----------
    by_id:
        Cases by id.
    claim:
        Id of the claim.
    """
    for key, case in by_id.items():
        if claim in (x.id for x in case.claims.values()):
            return key
    return None


def _by_observable(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Return the first claim of each observable; accounts at one time and words come last."""
    by_observable: dict[str, Claim] = {}
    for claim in sorted(claims, key=_is_second_best):
        observable = observable_of(claim.metric)
        if observable is not None:
            by_observable.setdefault(observable, claim)
    return by_observable


def _is_second_best(claim: Claim) -> bool:
    """Whether a claim counts only where no other gives the same observable."""
    return claim.metric in ("accounts_at_peak", "simultaneous_accounts") or claim.figure == "words"


def _case(by_observable: Mapping[str, Claim]) -> Case:
    """Return the case of claims by observable, a count among them."""
    count = by_observable["count"]
    return Case(
        id=count.id,
        report=count.report,
        actor=count.actor,
        conventions=PROMPTS if "prompts" in (count.metric, count.unit) else EXCHANGES,
        claims=by_observable,
        window_days=count.window_days,
        sum_of=count.sum_of,
    )

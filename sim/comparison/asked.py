"""What a user asks of a comparison, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from sim.catalog import Claim, nearest
from sim.comparison.claims.cases import Case, case_with, cases
from sim.comparison.hypotheses.model import Library
from sim.errors import InvalidInputError

# Nobody is surer than that before the evidence; sums and quotients of such odds stay exact.
_MOST_ODDS = 1e9


def known_sections(names: Iterable[str], sections: Sequence[str]) -> tuple[str, ...]:
    """Return the asked ones of `sections` in the order in which they are shown, each once.

    Raises InvalidInputError for an unknown name.
    """
    names = tuple(names)
    for name in names:
        if name not in sections:
            raise InvalidInputError(f"unknown section {name!r}: {nearest(name, sections)}")
    return tuple(x for x in sections if x in names)


def asked_cases(known: Mapping[str, Claim], ids: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases whose counts the claims give; of `all`, without figures of a derivation.

    Parameters
    ----------
    known
        Claims of the catalog and the user's own, by id.
    ids
        Ids of claims that give a count, or of claims in words, which are weighed beside the count
        of their actor; each case is taken once in the order given, or `all`.

    Raises
    ------
    InvalidInputError
        For an unknown claim, and for one that gives no count.
    """
    by_id = cases(known, ids)
    if "all" in ids:
        return tuple(x for x in by_id.values() if x.claims["count"].figure != "derived")
    for id_ in ids:
        if id_ not in known:
            raise InvalidInputError(f"unknown claim {id_!r}: {nearest(id_, by_id)}")
        if id_ not in by_id and not _adds_words(known[id_], by_id):
            metric = known[id_].metric
            gives = f"{metric}, not a count" if known[id_].value is not None else "no figure"
            raise InvalidInputError(f"claim {id_!r} gives {gives}; counts: {', '.join(by_id)}")
    wanted = dict.fromkeys(case_with(by_id, x) for x in ids)
    return tuple(by_id[x] for x in wanted if x is not None)


def _adds_words(claim: Claim, by_id: Mapping[str, Case]) -> bool:
    """Whether a claim in words is weighed in one of the cases."""
    return claim.figure == "words" and case_with(by_id, claim.id) is not None


def asked_against(against: str | None, library: Library) -> str:
    """Return the hypothesis whose odds are taken apart: by default the first that is not accused.

    Raises InvalidInputError where the named one is accused itself or unknown.
    """
    others = [x for x in library.hypotheses if x != library.accused]
    if against is not None and against not in others:
        raise InvalidInputError(f"nothing to hold against {against!r}: {nearest(against, others)}")
    return against or others[0]


def check_prior_odds(prior_odds: Mapping[str, float] | None, library: Library) -> None:
    """Refuse prior odds of unknown hypotheses, and odds outside of 1e-9 to 1e9."""
    for id_, weight in (prior_odds or {}).items():
        if id_ not in library.hypotheses:
            raise InvalidInputError(
                f"unknown explanation {id_!r}: {nearest(id_, library.hypotheses)}"
            )
        if not 0 < weight < inf:
            raise InvalidInputError(
                f"prior odds should be a finite number above 0, found {id_}={weight:g}"
            )
        if not 1 / _MOST_ODDS <= weight <= _MOST_ODDS:
            raise InvalidInputError(
                f"prior odds should be a number from 1e-09 to 1e+09, found {id_}={weight:g}"
            )

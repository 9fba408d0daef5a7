"""Hypotheses in their resolved form: generative models of a cluster, ready to be drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from sim.comparison.hypotheses.hypothesis_forms import (
    Access,
    Calls,
    Families,
    Group,
    HypothesisForm,
    LibraryForm,
    Suite,
    Uptake,
    Work,
)
from sim.comparison.hypotheses.parameters import (
    ACCESS_PARAMETERS,
    COMMON_PARAMETERS,
    PARAMETERS,
    parameter_of_factor,
)
from sim.comparison.hypotheses.priors import Prior

# Weights of choices in a prior set, beside the ids of access modes.
STATED, EVEN = "stated", "even"
# Weight to which such a set raises an access mode.
_RAISED = 0.5


@dataclass(frozen=True)
class PriorSet:
    """One way to believe: the driver times `centre`, the spread of every prior times `width`.

    Attributes
    ----------
    centre:
        Factor on the driver; the priors of all other parameters stay where they are.
    width:
        Factor on spreads, see `Prior.widened`.
    weights:
        What choices weigh: `stated`; `even`, half way to equal weights; or the id of an access mode
        that has at least half of the weight, where a hypothesis can have it.
    """

    centre: float
    width: float
    weights: str = STATED

    def words(self) -> str:
        """Return the set as the names of random streams have it; other words give other draws."""
        words = f"centre x {self.centre:g}, width x {self.width:g}"
        return words if self.weights == STATED else f"{words}, weights {self.weights}"


AS_STATED = PriorSet(1.0, 1.0)


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis with all that it refers to: a generative model of a cluster.

    Attributes
    ----------
    id, title, about:
        Its id, a few words that tables show, and a sentence about it.
    driver:
        The factor of the tasks, as `work.factor`, that grows to reach a reported count.
    typologies:
        Typologies of the catalog that do such work; they say for which runs it is true.
    accused:
        Whether it is what the accusation says.
    group:
        What odds of groups count it as: `extraction`, `legitimate`, or `access`, which breaks terms
        of access without extraction.
    work:
        What the cluster does, by id; the works add up.
    access, uptake:
        Choices among the entries of `access_modes` and of `uptakes`.
    common:
        Priors of `COMMON_PARAMETERS` by name.
    access_modes:
        How a cluster of accounts looks, by id; those that `access` names.
    uptakes:
        What a release moves, by id; those that `uptake` names.
    calls, suites:
        Kinds of calls and suites of benchmarks that works choose among.
    own_common:
        Names in `common` for which the hypothesis has a prior of its own.
    """

    id: str
    title: str
    about: str
    driver: str
    typologies: tuple[str, ...]
    accused: bool
    group: Group
    work: Mapping[str, Work]
    access: Prior
    uptake: Prior
    common: Mapping[str, Prior]
    access_modes: Mapping[str, Access]
    uptakes: Mapping[str, Uptake]
    calls: Mapping[str, Calls]
    suites: Mapping[str, Suite]
    own_common: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the uniform numbers that one draw takes, in order.

        A column is one dimension of the unit cube that draws and Sobol indices are made on. Access
        modes share their columns, for one of them is drawn; works have columns of their own. Their
        order is part of what a seed means.
        """
        names: list[str] = []
        for key, work in self.work.items():
            names += [f"{key}.{factor}" for factor in work.tasks]
            drawn = ("suites", "model") if work.suites else ("calls", "calls_too", "mixed")
            names += [f"{key}.{name}" for name in drawn]

        names += ["access", *(f"access.{name}" for name in ACCESS_PARAMETERS)]
        names += ["uptake", "uptake.moved"]
        return (*names, *COMMON_PARAMETERS)

    @cached_property
    def priors(self) -> Mapping[str, Prior]:
        """Every prior by the name under which tables show it and `--set` changes it.

        Not the same as `columns`: each access mode and uptake that can be chosen has its priors
        here. A common parameter has the id of the hypothesis before its name if the prior is the
        hypothesis' own.
        """
        priors: dict[str, Prior] = {}
        for key, work in self.work.items():
            priors |= {f"{key}.{factor}": prior for factor, prior in work.tasks.items()}
            choice = "suites" if work.suites else "calls"
            priors[f"{key}.{choice}"] = getattr(work, choice)
            if work.calls:
                priors[f"{key}.mixed"] = work.mixed

        priors[f"{self.id}.access"] = self.access
        for mode in self.access.names:
            entry = self.access_modes[mode]
            priors |= {f"{mode}.{name}": getattr(entry, name) for name in ACCESS_PARAMETERS}

        priors[f"{self.id}.uptake"] = self.uptake
        for name in self.uptake.names:
            uptake = self.uptakes[name]
            priors |= {f"{name}.moved": uptake.moved, f"{name}.hours": uptake.hours}

        for name, prior in self.common.items():
            priors[f"{self.id}.{name}" if name in self.own_common else name] = prior
        return priors

    def access_weights(self, weights: str) -> dict[str, float]:
        """Return the weight of each access mode that has one, by id; they add up to 1.

        Parameters
        ----------
        weights:
            As in `PriorSet`. An access mode that the hypothesis cannot have changes nothing.
        """
        stated = dict(zip(self.access.names, self.access.weights.tolist(), strict=True))
        possible = {mode: weight for mode, weight in stated.items() if weight > 0}
        if weights == EVEN:
            return {mode: (w + 1 / len(possible)) / 2 for mode, w in possible.items()}

        raised = possible.get(weights, 1.0)
        if raised >= _RAISED:
            return possible
        rest = (1 - _RAISED) / (1 - raised)
        return {mode: _RAISED if mode == weights else w * rest for mode, w in possible.items()}

    @cached_property
    def choices(self) -> Mapping[str, Prior]:
        """Choices among names by column, but for the access modes, which are told apart anyway."""
        choices = {"uptake": self.uptake, "convention": self.common["convention"]}
        for key, work in self.work.items():
            if work.suites is not None:
                choices[f"{key}.suites"] = work.suites
            if work.calls is not None:
                choices |= {f"{key}.{x}": work.calls for x in ("calls", "calls_too")}
        return choices

    def only_access(self, mode: str) -> Hypothesis:
        """Return the hypothesis with all weight on one access mode.

        The other modes stay in the choice with weight 0, so the place of a mode, and with it its
        latent classes, is the same.
        """
        weights = {name: float(name == mode) for name in self.access.names}
        return replace(self, access=self.access.model_copy(update={"choice": weights}))

    def with_prior(self, centre: float, width: float) -> Hypothesis:
        """Return the hypothesis with its driver times `centre` and every spread times `width`.

        Choices keep their weights: of access, uptake, suites, calls and convention. The driver is
        widened first and multiplied then, with the bounds of its prior.

        Raises
        ------
        ValueError
            For a driver that cannot be multiplied; a checked library has none.
        """
        work = {key: _widened_work(entry, width) for key, entry in self.work.items()}
        driving, factor = self.driver.split(".")
        tasks = {**work[driving].tasks, factor: work[driving].tasks[factor].times(centre)}
        work[driving] = work[driving].model_copy(update={"tasks": tasks})

        return replace(
            self,
            work=work,
            common={name: _widened(name, prior, width) for name, prior in self.common.items()},
            access_modes={
                name: _widened_fields(entry, ACCESS_PARAMETERS, width)
                for name, entry in self.access_modes.items()
            },
            uptakes={
                name: _widened_fields(entry, ("moved",), width)
                for name, entry in self.uptakes.items()
            },
        )


@dataclass(frozen=True)
class Library:
    """Hypotheses and prior sets.

    Attributes
    ----------
    hypotheses:
        By id, in the order of their file; at least two.
    prior_sets:
        The priors as stated first, then all others, each once.
    """

    hypotheses: Mapping[str, Hypothesis]
    prior_sets: tuple[PriorSet, ...]

    @property
    def accused(self) -> str:
        """Id of the hypothesis that the accusation gives: the one marked so, or else the last."""
        marked = [key for key, hypothesis in self.hypotheses.items() if hypothesis.accused]
        return marked[0] if marked else list(self.hypotheses)[-1]


def resolve(form: LibraryForm) -> Library:
    """Return the library of a form that has been checked, what hypotheses share filled in.

    A form with faults of `problems_of_library` may raise KeyError.
    """
    hypotheses = {key: _resolved(key, entry, form) for key, entry in form.hypotheses.items()}
    modes = dict.fromkeys(mode for x in hypotheses.values() for mode in x.access.names)
    return Library(hypotheses, _prior_sets(form.families, modes))


def _prior_sets(families: Families, modes: Iterable[str]) -> tuple[PriorSet, ...]:
    """Return the priors as stated, every centre with every width, and other weights of choices."""
    sets = [PriorSet(*pair) for pair in product(families.centre, families.width)]
    if "even" in families.weights:
        sets.append(PriorSet(1.0, 1.0, EVEN))
    if "access" in families.weights:
        sets += [PriorSet(1.0, 1.0, mode) for mode in modes]
    return tuple(dict.fromkeys([AS_STATED, *sets]))


def _resolved(key: str, form: HypothesisForm, library: LibraryForm) -> Hypothesis:
    """Return a hypothesis with its works, access modes and priors in place of their ids.

    A common prior of its own takes the place of the one that all share.
    """
    stated_here = {name: getattr(form, name) for name in COMMON_PARAMETERS}
    return Hypothesis(
        id=key,
        title=form.title,
        about=form.about,
        driver=form.lever,
        typologies=form.typologies,
        accused=form.accused,
        group=form.group or ("extraction" if form.accused else "legitimate"),
        # what it refers to by id
        work={name: library.works[name] for name in form.work},
        access=form.access,
        uptake=form.uptake,
        access_modes={name: library.access[name] for name in form.access.names},
        uptakes={name: library.uptake[name] for name in form.uptake.names},
        calls=library.calls,
        suites=library.suites,
        # its own priors, else those of all
        common={
            name: stated_here[name] or getattr(library.common, name) for name in COMMON_PARAMETERS
        },
        own_common=frozenset(name for name, prior in stated_here.items() if prior is not None),
    )


def _widened_work(work: Work, width: float) -> Any:
    """Return a work with the priors of its factors and of its mixture widened."""
    tasks = {}
    for factor, prior in work.tasks.items():
        parameter = parameter_of_factor(factor, work.suites is not None)
        tasks[factor] = prior.widened(width, parameter.least, parameter.most)
    return _widened_fields(work, ("mixed",), width).model_copy(update={"tasks": tasks})


def _widened_fields(form: Any, names: tuple[str, ...], width: float) -> Any:
    """Return a form with the named priors widened within the ranges of their parameters."""
    return form.model_copy(
        update={name: _widened(name, getattr(form, name), width) for name in names}
    )


def _widened(name: str, prior: Prior, width: float) -> Prior:
    return prior.widened(width, PARAMETERS[name].least, PARAMETERS[name].most)

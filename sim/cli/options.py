"""Options that several verbs share, in groups: a group reaches the verb as one argument.

A verb with `@scenario_options` takes `changes: ScenarioOptions`, one with `@worker_options` takes
`workers: WorkerOptions`, one with `@selection_options` takes `selected: SelectionOptions`, one with
`@table_options` takes `form: OutputForm`. Nothing heavy is imported here, so that `sim --help`
stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sim.engine.executors import Workers
    from sim.exports.selection import Selection
    from sim.packs.recipe import Recipe
    from sim.scenario.resolved import Scenario
    from sim.scenario.rounding import Rounded
    from sim.tables.reading import Run

Verb = TypeVar("Verb", bound=Callable[..., Any])


@dataclass(frozen=True)
class ScenarioOptions:
    """Changes to a scenario before it is checked.

    Attributes
    ----------
    overrides
        Texts as `actors.coders.accounts=5`, in the order in which they are applied.
    seed, scale
        Instead of those of the scenario; None to keep them.
    """

    overrides: tuple[str, ...]
    seed: int | None
    scale: float | None

    def load(
        self,
        scenario: str,
        *,
        more: tuple[str, ...] = (),
        quiet: bool = False,
        rounds: Callable[[Sequence[Rounded]], None] | None = None,
    ) -> Scenario:
        """Return the resolved scenario of a file or name with these changes.

        Where a scale distorts, by rounding or because look-alikes are not scaled, a warning on
        stderr says so.

        Parameters
        ----------
        scenario
            A file, `-` for standard input, or the name of a shipped scenario.
        more
            Further overrides, applied after these.
        quiet
            Whether warnings are left out.
        rounds
            Is told, too, what a scale rounds so much, if anything.

        Raises
        ------
        InvalidInputError
            Lists every fault with its place.
        """
        from sim._front.scenarios import scale_warnings
        from sim.documents.printable import printable
        from sim.scenario import load_scenario

        rounded: list[Rounded] = []
        resolved = load_scenario(
            scenario,
            overrides=(*self.overrides, *more),
            seed=self.seed,
            scale=self.scale,
            rounds=rounded.extend,
        )
        if rounded and rounds is not None:
            rounds(rounded)
        if not quiet:
            for warning in scale_warnings(resolved, rounded):
                click.echo(printable(f"{scenario}: warning: {warning}"), err=True)
        return resolved

    def __bool__(self) -> bool:
        """Tell whether anything changes; a seed of 0 or a scale of 0 is as none."""
        return bool(self.overrides or self.seed or self.scale)


@dataclass(frozen=True)
class RecipeOptions:
    """Changes to a recipe before it is checked.

    Attributes
    ----------
    overrides
        Texts as `labels.review.confidence=0.9`, in the order in which they are applied.
    seed, scale
        Instead of those of the recipe; None to keep them.
    """

    overrides: tuple[str, ...]
    seed: int | None
    scale: float | None

    def load(self, recipe: str) -> Recipe:
        """Return the resolved recipe of a file or name with these changes.

        Raises
        ------
        InvalidInputError
            Lists every fault with its place, those of scenarios too.
        """
        from sim.packs.load_recipe import load_recipe

        return load_recipe(recipe, overrides=self.overrides, seed=self.seed, scale=self.scale)

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.overrides) or self.seed is not None or self.scale is not None


@dataclass(frozen=True)
class SelectionOptions:
    """Which rows of the log of a run are meant.

    Attributes
    ----------
    actors
        Actors who sent them; empty for all.
    since, until
        Moments, or times from the opening of the log; None for its ends.
    """

    actors: tuple[str, ...]
    since: str | None
    until: str | None

    def of(self, run: Run, sessions: int | None = None) -> Selection:
        """Return which rows of a run these are, of so many sessions; all sessions if None.

        Raises
        ------
        InvalidInputError
            Lists everything that cannot be.
        """
        from sim.exports.selection import selection_of

        return selection_of(
            run, actors=self.actors, since=self.since, until=self.until, sessions=sessions
        )


@dataclass(frozen=True)
class WorkerOptions:
    """Who carries the work out: processes of this machine, or a Dask cluster.

    Attributes
    ----------
    count
        How many; None for one a core where that is worthwhile.
    dask
        Address of a cluster, or `local`; None for none.
    """

    count: int | None
    dask: str | None

    def start(self) -> AbstractContextManager[Workers]:
        """Start the workers, or reach the cluster, for as long as the context lasts."""
        from sim.engine.executors import workers

        return workers(self.count, self.dask)


@dataclass(frozen=True)
class OutputForm:
    """The form in which a verb prints: text unless one of these is asked for.

    Attributes
    ----------
    as_json, as_csv
        Whether JSON or CSV is asked for; not both.
    for_spreadsheets
        Whether CSV is asked for that no spreadsheet computes.
    """

    as_json: bool
    as_csv: bool
    for_spreadsheets: bool

    def __post_init__(self) -> None:
        """Raise a usage error if both JSON and CSV are asked for."""
        if self.as_json and self.is_csv:
            raise click.UsageError("--json and --csv exclude each other; give one of them")

    @property
    def is_csv(self) -> bool:
        """Whether CSV of either kind is asked for."""
        return self.as_csv or self.for_spreadsheets


def option_group(
    argument: str, group: type[Any], *options: Callable[[Verb], Verb]
) -> Callable[[Verb], Verb]:
    """Make a decorator that adds `options` to a verb, which gets them as one argument.

    Parameters
    ----------
    argument
        Name of the argument of the verb.
    group
        Dataclass of the argument; its fields bear the names of the options' parameters.
    options
        Decorators of click, in the order in which help shows them.
    """
    names = [field.name for field in fields(group)]

    def decorate(verb: Verb) -> Verb:
        """Add the options to one verb, which keeps its name and its help."""

        @wraps(verb)
        def with_group(*args: Any, **parameters: Any) -> Any:
            """Make the group of its options, and call the verb with it and the others."""
            values = {name: parameters.pop(name) for name in names}
            return verb(*args, **{argument: group(**values)}, **parameters)

        decorated: Any = with_group
        for option in reversed(options):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


scenario_options = option_group(
    "changes",
    ScenarioOptions,
    click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="Change a key of the scenario, e.g. actors.coders.accounts=5; repeatable.",
    ),
    click.option(
        "--seed",
        type=int,
        envvar="SIM_SEED",
        help="Seed instead of the scenario's; drawn if neither names one.",
    ),
    click.option(
        "--scale",
        type=float,
        envvar="SIM_SCALE",
        help="Multiply populations and targets by this instead of the scenario's scale.",
    ),
)

recipe_options = option_group(
    "changes",
    RecipeOptions,
    click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="Change a key of the recipe, e.g. splits.time.gap='10 d'; repeatable.",
    ),
    click.option(
        "--seed",
        type=int,
        envvar="SIM_SEED",
        help="Draw the seeds of all simulations, of labels and of splits from this one.",
    ),
    click.option(
        "--scale",
        type=float,
        envvar="SIM_SCALE",
        help="Multiply populations and targets by this instead of the recipe's scale.",
    ),
)

selection_options = option_group(
    "selected",
    SelectionOptions,
    click.option(
        "--actor",
        "actors",
        metavar="ID",
        multiple=True,
        help="Only what this actor sent; repeatable; needs truth.",
    ),
    click.option(
        "--from",
        "since",
        metavar="TIME",
        help="Only what arrives from then on: 2026-02-05T08:00 (UTC), or `2 d` from the opening.",
    ),
    click.option("--until", metavar="TIME", help="Only what arrives before then."),
)

worker_options = option_group(
    "workers",
    WorkerOptions,
    click.option(
        "-j",
        "--workers",
        "count",
        metavar="N",
        type=click.IntRange(1, 1_024),
        envvar="SIM_WORKERS",
        help="Processes that share the work; if left out one a core, where that pays.",
    ),
    click.option(
        "--dask",
        metavar="ADDRESS",
        envvar="SIM_DASK",
        help="Work on a Dask cluster: tcp://host:8786, or `local` for one on this machine.",
    ),
)

quiet_option = click.option(
    "-q", "--quiet", is_flag=True, envvar="SIM_QUIET", help="Print results and errors only."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def table_options(csv_help: str) -> Callable[[Verb], Verb]:
    """Make a decorator that adds the forms of tables: JSON, CSV, and CSV for spreadsheets.

    Parameters
    ----------
    csv_help
        Help of `--csv`, which says what a row is.
    """
    return option_group(
        "form",
        OutputForm,
        json_option,
        click.option("--csv", "as_csv", is_flag=True, help=csv_help),
        click.option(
            "--csv-for-spreadsheets",
            "for_spreadsheets",
            is_flag=True,
            help="Print CSV in which an apostrophe goes before texts that begin with = + - @, a "
            "tab or a carriage return, so that no spreadsheet computes them.",
        ),
    )

"""The dials of feature tables that a recipe may turn."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from sim.documents.forms import Form


class FeatureDials(Form):
    """Which tables of features a pack has, and the few choices in them.

    Attributes
    ----------
    accounts, account_days, windows
        Whether the table is made: accounts in each window of time; accounts by day; runs of
        requests of an account.
    requests
        Requests of an account that make a row of `features/windows`.
    least_requests
        The last run of an account is kept if it has at least so many; `requests` keeps whole ones
        alone.
    rare_accounts
        A template that at most so many accounts use is rare: what accounts have in common there
        says something of a pair of them.
    """

    accounts: bool = True
    account_days: bool = True
    windows: bool = True
    requests: Annotated[int, Field(ge=2, le=100_000)] = 100
    least_requests: Annotated[int, Field(ge=1, le=100_000)] = 20
    rare_accounts: Annotated[int, Field(ge=2, le=100_000)] = 100

    @model_validator(mode="after")
    def _no_more_than_whole(self) -> Self:
        if self.least_requests > self.requests:
            raise ValueError(
                f"least_requests should be at most requests, found {self.least_requests}"
                f" and {self.requests}"
            )
        return self

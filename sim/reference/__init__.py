"""The reference engine: the rules of docs/reference/world.md as plain SimPy, slow and plain.

`sim run --engine reference` and `sim.run(..., engine="reference")` write the same bytes as the fast
engine. The fast engine is a compiled loop over arrays of events; here every session and every
worker is a SimPy process, and every attempt is made at its own time. Two programs that share so
little and agree to the microsecond are hardly wrong in the same way.

**Shared draws.** Both engines ask the same code for what chance decides and for what is known
before the traffic: the accounts, who holds them when and what the provider does about them; when
people would open sessions; the tickets of a queue, who takes each and when workers begin; the
calls of every task with their pauses, tokens and answer times at normal speed; what tasks are
about, where a list is handed out in the order in which tasks would begin if nothing were limited;
and the keys of the uniform numbers that decide failures.

**Decided here.** What follows from the draws: which sessions a holiday leaves (`plain_releases`),
which model a release gives to each (`plain_releases`), how contexts grow and when they are
compacted (`plain_growth`), how slow and how unreliable the provider is
at a time (`conditions_over_time`), which attempts a limit refuses (`plain_buckets`,
`plain_provider`), what each attempt reads from the prompt cache, how it ends and when
(`plain_provider`), when a client retries, resumes, gives up or is barred (`client`), and when a
worker takes which ticket and waits for the end of a round (`queue`).

**Shared output.** Attempts become rows, tables and files by the code that the fast engine uses
(`sim.scaffold.rows`, `sim.output`, `sim.engine`).

`coverage` names what the reference engine does not simulate; such a scenario is refused before
anything is written. Read `client` first, then `plain_provider`; `workload` ties them to a run.
"""

"""What actors do: who works when, on what, with which account.

`arrivals` draws when accounts open sessions, `sessions` makes their traffic, `queue` makes the
traffic of workers who take tickets. All read an `ActorContext`, and yield rows as a `Workload`.
"""

"""The front for Python: one function for each verb of the command line, with the same name.

Everything heavy is imported inside the functions, so that `import sim` stays light. What the
functions take in place of a scenario, a run or workers is written down once, in `sim._inputs`.
`sim` itself hands the functions on.
"""

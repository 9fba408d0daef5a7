"""Hypotheses about a reported count: generative models with a prior for every parameter.

`forms` is what a file may say, `checks` what must hold between its keys, `load` reads files and
single changes, and `model` is the resolved form that everything else uses. Readers of tables and
pages meet a hypothesis as an *explanation*.
"""

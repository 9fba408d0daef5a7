"""From priors to predictions, likelihoods and odds.

`tasks` and `calls_per_task` draw the work, `prior_predictive` the whole chain from parameters to a
reported count, `likelihood` fits densities to those draws, `evidence_model` keeps draws and
likelihoods of all hypotheses, and `odds` and `posterior` weigh reported figures with them.
"""

"""Experiments whose truth is known, simulated and given to the product's own functions.

tally: one figure of the table · draws: batches of sufficient statistics · looks, intervals, guardrails,
validity: the trials. A trial takes a generator and a number of replications and returns its tallies; TRIALS
names them all.
"""

from . import guardrails, intervals, looks, validity
from .tally import Trial

TRIALS: dict[str, Trial] = {**looks.TRIALS, **intervals.TRIALS, **guardrails.TRIALS, **validity.TRIALS}

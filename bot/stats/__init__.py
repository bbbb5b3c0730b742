"""Numbers in, numbers out: frozen values, frozen results, no I/O, no clock.

sample: sufficient statistics · effect, cuped, quantile: what a metric's arms differ by · sequential,
spending, plan_power, adjusted: looks and what they may conclude (walk: the integration under them) ·
power: sample sizes · guardrail, cohort, heterogeneity, reconciliation, srm: what can stop a launch ·
undecided: what could not be computed.
"""

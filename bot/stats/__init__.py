"""Numbers in, numbers out: frozen values, frozen results, no I/O, no clock.

sample: sufficient statistics · effect, cuped, quantile: what a metric's arms differ by · sequential,
spending, futility, plan_power, adjusted, levels: looks and what they may conclude (asks, exact, bounds, walk:
how their boundaries are found) ·
power: sample sizes · guardrail, cohort, heterogeneity, reconciliation, srm: what can stop a launch ·
undecided: what could not be computed.
"""

"""The rules and tests of a plan by the name a registration gives them, in words, with the paper."""

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "obrien-fleming": (
        "the spending function of O'Brien-Fleming type (Lan & DeMets 1983): very little is spent early, "
        "nearly all at the last look."
    ),
    "pocock": (
        "the spending function of Pocock type (Lan & DeMets 1983): about the same is asked at every look."
    ),
    "hwang-shih-decani": "the gamma family of Hwang, Shih & DeCani (1990), with the gamma registered.",
    "haybittle-peto": (
        "Haybittle (1971) and Peto et al. (1976): every look but the last asks for the same large z, the "
        "last takes what is left."
    ),
    "exact-obrien-fleming": "O'Brien & Fleming (1979), exact: z beyond c over the root of the information.",
    "exact-pocock": "Pocock (1977), exact: the same z at every look.",
    "nominal": "the levels written in the registration, look by look.",
    "none": "none: every look is held against the whole alpha, so the true error is larger.",
}
"""By sequential.spending."""

TESTS: Mapping[str, str] = {
    "mean": "Welch's t-test on units' values, with unequal variances (Welch 1947).",
    "proportion": "Welch's t-test on the arms' shares, each unit 0 or 1 (Welch 1947).",
    "ratio": "Welch's t-test on the ratio linearised per unit (delta method: Deng, Knoblich & Lu 2018).",
    "quantile": (
        "A test of the arms' quantiles whose standard error comes from the units' counts around the quantile "
        "(outer intervals: Deng, Knoblich & Lu 2018)."
    ),
}
"""By the kind of a metric."""

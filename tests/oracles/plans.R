# One-sided, Haybittle-Peto and futility plans from rpact (Debian: r-cran-rpact, r-cran-jsonlite).
# Run once: Rscript tests/oracles/plans.R > tests/oracles/plans.json
# sided 1 takes alpha in one direction; futility is by beta spending, one-sided; asn_*: over the one-look sample.
suppressMessages({library(rpact); library(jsonlite)})
looks <- list(
  reference = c(4, 7, 11, 14) / 14, five = (1:5) / 5, early = c(.05, .3, 1), late = c(.9, 1), pair = c(.5, 1),
  ten = (1:10) / 10)
rules <- list(
  list(rule = "obrien-fleming", type = "asOF"), list(rule = "pocock", type = "asP"),
  list(rule = "hwang-shih-decani", type = "asHSD", gamma = -4),
  list(rule = "hwang-shih-decani", type = "asHSD", gamma = 1),
  list(rule = "exact-obrien-fleming", type = "OF"), list(rule = "exact-pocock", type = "P"),
  list(rule = "haybittle-peto", type = "HP", interim_z = 3), list(rule = "haybittle-peto", type = "HP", interim_z = 3.29))
losses <- list(
  list(rule = "obrien-fleming", type = "bsOF"), list(rule = "pocock", type = "bsP"),
  list(rule = "hwang-shih-decani", type = "bsHSD", gamma = -2), list(rule = "hwang-shih-decani", type = "bsHSD", gamma = 1))
one <- function(name, d, alpha, sided, beta, loss = NULL, binding = FALSE) {
  args <- list(informationRates = looks[[name]], alpha = alpha, sided = sided, typeOfDesign = d$type, beta = beta,
    tolerance = 1e-10)
  if (!is.null(d$gamma)) args$gammaA <- d$gamma
  if (!is.null(d$interim_z)) args$constantBoundsHP <- d$interim_z
  if (!is.null(loss)) {
    args$typeBetaSpending <- loss$type
    args$bindingFutility <- binding
    if (!is.null(loss$gamma)) args$gammaB <- loss$gamma
  }
  x <- tryCatch(suppressWarnings(do.call(getDesignGroupSequential, args)), error = function(e) NULL)
  if (is.null(x)) return(NULL)
  ch <- getDesignCharacteristics(x)
  list(looks = name, fractions = looks[[name]], rule = d$rule, gamma = d$gamma, interim_z = d$interim_z,
    alpha = alpha, sided = sided, beta = beta,
    futility = if (is.null(loss)) NULL else
      list(rule = loss$rule, gamma = loss$gamma, binding = binding, z = x$futilityBounds, lost = x$betaSpent),
    z = x$criticalValues, spent = x$alphaSpent, power = x$power, drift = sqrt(ch$shift), inflation = ch$inflationFactor,
    asn_h0 = ch$averageSampleNumber0, asn_h01 = ch$averageSampleNumber01, asn_h1 = ch$averageSampleNumber1)
}
rows <- list()
add <- function(row) if (!is.null(row)) rows[[length(rows) + 1]] <<- row
for (name in names(looks)) for (d in rules) for (alpha in c(.05, .025)) add(one(name, d, alpha, 1, .2))
for (name in names(looks)) for (d in rules[7:8]) for (alpha in c(.05, .01)) add(one(name, d, alpha, 2, .2))
for (name in c("reference", "five", "pair")) for (d in rules[1:3]) for (loss in losses) for (binding in c(FALSE, TRUE))
  for (p in list(c(.05, .2), c(.025, .1))) add(one(name, d, p[1], 1, p[2], loss, binding))
cat(toJSON(list(source = paste("rpact", packageVersion("rpact"), R.version.string), designs = rows),
  auto_unbox = TRUE, digits = 12, pretty = FALSE, null = "null"))

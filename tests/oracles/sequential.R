# Group-sequential oracle values from rpact (Debian: r-cran-rpact, r-cran-jsonlite).
# Run once: Rscript tests/oracles/sequential.R > tests/oracles/sequential.json
suppressMessages({library(rpact); library(jsonlite)})
looks <- list(
  reference = c(4, 7, 11, 14) / 14, five = (1:5) / 5, fourteen = (1:14) / 14,
  early = c(.05, .3, 1), late = c(.9, 1), pair = c(.5, 1), crowded = c(.5, .52, .54, 1))
designs <- list(
  list(rule = "obrien-fleming", type = "asOF"), list(rule = "pocock", type = "asP"),
  list(rule = "hwang-shih-decani", type = "asHSD", gamma = -4),
  list(rule = "hwang-shih-decani", type = "asHSD", gamma = 1),
  list(rule = "exact-obrien-fleming", type = "OF"), list(rule = "exact-pocock", type = "P"))
rows <- list()
for (name in names(looks)) for (d in designs) for (alpha in c(.05, .01)) {
  t <- looks[[name]]
  args <- list(informationRates = t, alpha = alpha, sided = 2, typeOfDesign = d$type, beta = .2)
  if (!is.null(d$gamma)) args$gammaA <- d$gamma
  x <- suppressWarnings(do.call(getDesignGroupSequential, args))
  ch <- getDesignCharacteristics(x)
  rows[[length(rows) + 1]] <- list(
    looks = name, fractions = t, rule = d$rule, gamma = d$gamma, alpha = alpha,
    z = x$criticalValues, spent = x$alphaSpent, inflation = ch$inflationFactor,
    asn_h1 = ch$averageSampleNumber1, asn_h0 = ch$averageSampleNumber0)
}
# Crossing probabilities of arbitrary two-sided boundaries.
crossing <- function(z, t) {
  d <- matrix(c(-z, z), nrow = 2, byrow = TRUE)
  p <- getGroupSequentialProbabilities(d, t)
  sum(p[1, ] + p[3, ] - p[2, ])
}
nominal <- function(a) qnorm(1 - a / 2)
written <- list(
  list(name = "AML-03 nominal", z = nominal(c(.0001, .001, .01, .05)), t = c(4, 7, 11, 14) / 14),
  list(name = "peeking 5", z = rep(nominal(.05), 5), t = (1:5) / 5),
  list(name = "peeking 14", z = rep(nominal(.05), 14), t = (1:14) / 14),
  list(name = "frozen third at 8", z = NULL, t = NULL))
ld <- getDesignGroupSequential(informationRates = c(4, 7, 11, 14) / 14, alpha = .05, sided = 2, typeOfDesign = "asOF")
written[[4]] <- list(name = "third at day 8", z = ld$criticalValues, t = c(4, 7, 8, 14) / 14)
written[[5]] <- list(name = "third at day 13", z = ld$criticalValues, t = c(4, 7, 13, 14) / 14)
errors <- lapply(written, function(w) list(name = w$name, z = w$z, fractions = w$t, type1 = crossing(w$z, w$t)))
cat(toJSON(list(source = paste("rpact", packageVersion("rpact"), R.version.string),
  designs = rows, errors = errors), auto_unbox = TRUE, digits = 12, pretty = TRUE, null = "null"))

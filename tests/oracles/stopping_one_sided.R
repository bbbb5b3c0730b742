# Stage-wise inference and conditional power of one-sided plans, with futility and without, from rpact.
# Run once: Rscript tests/oracles/stopping_one_sided.R > tests/oracles/stopping_one_sided.json
# low, high: each end misses with probability alpha. conditional: with the effect `assumed` (mean difference, sd 1).
suppressMessages({library(rpact); library(jsonlite)})
t <- c(4, 7, 11, 14) / 14
planned <- c(400, 300, 400, 300)
plans <- list(
  list(rule = "obrien-fleming", type = "asOF", alpha = .025),
  list(rule = "obrien-fleming", type = "asOF", alpha = .05, loss = "bsOF", futility = "obrien-fleming", binding = TRUE),
  list(rule = "obrien-fleming", type = "asOF", alpha = .05, loss = "bsOF", futility = "obrien-fleming", binding = FALSE),
  list(rule = "pocock", type = "asP", alpha = .025, loss = "bsP", futility = "pocock", binding = TRUE))
runs <- list(c(.15), c(.07, .08, .14), c(.05, .04, .06, .07), c(.1, .06, .02))
one <- function(plan, means) {
  k <- length(means)
  args <- list(informationRates = t, alpha = plan$alpha, beta = .2, sided = 1, typeOfDesign = plan$type,
    tolerance = 1e-10)
  if (!is.null(plan$loss)) {
    args$typeBetaSpending <- plan$loss
    args$bindingFutility <- plan$binding
  }
  d <- do.call(getDesignGroupSequential, args)
  data <- getDataset(n = planned[1:k], means = means, stDevs = rep(1, k))
  s <- suppressWarnings(getStageResults(d, data, normalApproximation = TRUE, stage = k))
  final <- tryCatch(suppressWarnings(getFinalPValue(d, s)), error = function(e) list(pFinal = NA))
  ci <- tryCatch(suppressWarnings(getFinalConfidenceInterval(d, data, normalApproximation = TRUE, stage = k)),
    error = function(e) NULL)
  power <- NULL
  if (k < 4) power <- suppressWarnings(getConditionalPower(s, nPlanned = planned[(k + 1):4], thetaH1 = .08,
    assumedStDev = 1))$conditionalPower[4]
  list(rule = plan$rule, alpha = plan$alpha, futility = plan$futility, binding = plan$binding, fractions = t,
    look = k - 1, z = s$overallTestStatistics[k], estimate = s$effectSizes[k],
    crossed = s$overallTestStatistics[k] >= d$criticalValues[k],
    final_stage = if (is.null(ci)) NULL else ci$finalStage, p = final$pFinal[1],
    median = if (is.null(ci)) NULL else ci$medianUnbiased, ends = if (is.null(ci)) NULL else ci$finalConfidenceInterval,
    assumed = .08, conditional = power)
}
out <- list()
for (plan in plans) for (means in runs) {
  capture.output(row <- one(plan, means))
  out[[length(out) + 1]] <- row
}
cat(toJSON(list(source = paste("rpact", packageVersion("rpact"), R.version.string), cases = out),
  auto_unbox = TRUE, digits = 12, pretty = FALSE, null = "null", na = "null"))

# Stage-wise adjusted inference after stopping, and repeated intervals, from rpact.
# Run once: Rscript tests/oracles/stopping.R > tests/oracles/stopping.json
suppressMessages({library(rpact); library(jsonlite)})
t <- c(4, 7, 11, 14) / 14
cases <- list(
  list(type = "asOF", rule = "obrien-fleming", n = c(400, 300, 400), means = c(.08, .10, .12)),
  list(type = "asOF", rule = "obrien-fleming", n = c(400, 300), means = c(.12, .15)),
  list(type = "asOF", rule = "obrien-fleming", n = c(400, 300, 400, 300), means = c(.05, .04, .06, .07)),
  list(type = "asOF", rule = "obrien-fleming", n = c(400, 300, 400, 300), means = c(.02, -.01, .03, .01)),
  list(type = "asP", rule = "pocock", n = c(400), means = c(.15)),
  list(type = "asP", rule = "pocock", n = c(400, 300, 400), means = c(.06, .07, .11)))
one <- function(case) {
  k <- length(case$n)
  d <- getDesignGroupSequential(informationRates = t, alpha = .05, sided = 2, typeOfDesign = case$type)
  data <- getDataset(n = case$n, means = case$means, stDevs = rep(1, k))
  r <- suppressMessages(getAnalysisResults(d, data, normalApproximation = TRUE, stage = k))
  s <- r$.stageResults
  list(rule = case$rule, fractions = t, look = k - 1, n = sum(case$n),
    estimate = s$effectSizes[k], sd = s$overallStDevs[k], z = s$overallTestStatistics[k],
    p = r$finalPValues[k], median = r$medianUnbiasedEstimates[k],
    low = r$finalConfidenceIntervalLowerBounds[k], high = r$finalConfidenceIntervalUpperBounds[k],
    repeated_low = r$repeatedConfidenceIntervalLowerBounds[k],
    repeated_high = r$repeatedConfidenceIntervalUpperBounds[k], repeated_p = r$repeatedPValues[k])
}
out <- lapply(cases, one)
cat(toJSON(list(source = paste("rpact", packageVersion("rpact"), R.version.string), cases = out),
  auto_unbox = TRUE, digits = 12, pretty = TRUE, na = "null"))

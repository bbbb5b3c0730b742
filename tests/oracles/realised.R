# Boundaries of Lan & DeMets' O'Brien-Fleming function from realised information, by rpact.
# Run once: Rscript tests/oracles/realised.R > tests/oracles/realised.json
suppressMessages({library(rpact); library(jsonlite)})

spent <- function(times) {
  getDesignGroupSequential(typeOfDesign = "asOF", informationRates = times, sided = 2, alpha = .05)
}

# The peek on day 9 among looks on days 4, 7, 11, 14.
peek <- spent(c(4, 7, 9, 11, 14) / 14)

# Information at the looks, of which the last spends what is left whatever it has.
realised <- function(times) {
  function_of <- spent(c(times[-length(times)], 1))
  getDesignGroupSequential(
    typeOfDesign = "asUser", informationRates = times / max(times), sided = 2, alpha = .05,
    userAlphaSpending = c(function_of$alphaSpent[-length(times)], .05)
  )$criticalValues
}

cat(toJSON(list(
  rpact = as.character(packageVersion("rpact")),
  peek = list(z = peek$criticalValues, spent = peek$alphaSpent),
  under = realised(c(.2, .4, .75, .9)),
  over = realised(c(.2, .4, .75, 1.1))
), auto_unbox = TRUE, digits = 12, pretty = TRUE), "\n")

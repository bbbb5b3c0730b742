# Random-effects meta-analysis by REML from metafor (Debian: r-cran-metafor, r-cran-jsonlite).
# Run once: Rscript tests/oracles/heterogeneity.R > tests/oracles/heterogeneity.json
suppressMessages({library(metafor); library(jsonlite)})
cases <- list(
  list(y = c(.0383, -.0816, .0281), v = c(.0004, .0007, .0012)),
  list(y = c(.05, .02, -.01, .04, .03, .00), v = c(.0002, .0003, .0005, .0001, .0004, .0008)),
  list(y = c(.031, .029, .030, .0305), v = c(.001, .002, .0015, .003)),
  list(y = c(12, 40, -30, 5, 22), v = c(30, 80, 120, 20, 60)))
one <- function(case) {
  m <- rma(yi = case$y, vi = case$v, method = "REML", control = list(threshold = 1e-12, maxiter = 10000))
  hk <- rma(yi = case$y, vi = case$v, method = "REML", test = "adhoc", control = list(threshold = 1e-12, maxiter = 10000))
  list(y = case$y, v = case$v, q = m$QE, p = m$QEp, tau2 = m$tau2, mean = as.numeric(m$beta), mean_se = hk$se,
    mean_ci = c(hk$ci.lb, hk$ci.ub), shrunk = blup(m)$pred, shrunk_sd = blup(m)$se)
}
cat(toJSON(list(source = paste("metafor", packageVersion("metafor"), R.version.string), cases = lapply(cases, one)),
  auto_unbox = TRUE, digits = 12, pretty = TRUE))

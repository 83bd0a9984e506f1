# Rscript glmnet.R FOLDER: fits every case that make_glmnet*.py wrote into FOLDER, one folder a case.
# Numbers travel as raw little-endian doubles: R's reading of decimals may miss the last bit.
suppressMessages(library(glmnet))
glmnet.control(fdev = 0, devmax = 1, eps = 1e-30, epsnr = 1e-15, mxitnr = 500)

fit_case <- function(folder) {
  numbers <- function(name) {
    path <- file.path(folder, name)
    if (!file.exists(path)) return(NULL)
    readBin(path, "double", n = file.size(path) / 8, endian = "little")
  }
  setting <- as.list(read.csv(file.path(folder, "settings.csv"), colClasses = "character"))
  flag <- function(name) setting[[name]] == "True"

  X <- matrix(numbers("X"), ncol = as.integer(setting$p))
  y <- numbers("y")
  if (setting$family %in% c("multinomial", "mgaussian")) y <- matrix(y, nrow = nrow(X))
  weight <- numbers("weight")
  factor <- numbers("factor")
  lambda <- numbers("lambda")
  fit <- glmnet(
    if (flag("sparse")) as(X, "dgCMatrix") else X,
    if (setting$family == "binomial") cbind(1 - y, y) else y,  # the second column is the modelled class
    family = switch(setting$family, "gaussian()" = gaussian(), gamma = Gamma(link = "log"), setting$family),
    weights = if (is.null(weight)) rep(1, nrow(X)) else weight,
    offset = numbers("offset"),
    alpha = as.numeric(setting$l1_ratio),
    lambda = lambda,
    penalty.factor = if (is.null(factor)) rep(1, ncol(X)) else factor,
    standardize = flag("standardize"),
    intercept = flag("fit_intercept"),
    thresh = 1e-28,
    maxit = 1e8
  )
  stopifnot(fit$jerr == 0, isTRUE(all.equal(fit$lambda, lambda, tolerance = 1e-15)))
  coefs <- if (is.list(fit$beta)) do.call(rbind, lapply(fit$beta, as.matrix)) else as.matrix(fit$beta)
  writeBin(as.vector(coefs), file.path(folder, "coefs"), endian = "little")
  writeBin(as.vector(fit$a0), file.path(folder, "intercepts"), endian = "little")
}

for (folder in list.dirs(commandArgs(trailingOnly = TRUE)[1], recursive = FALSE)) fit_case(folder)
writeLines(paste("R", getRversion(), "glmnet", packageVersion("glmnet")))

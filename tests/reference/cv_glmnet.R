# Rscript cv_glmnet.R FOLDER: cross-validates every case that make_cv_glmnet.py wrote into FOLDER, one folder a case.
suppressMessages(library(glmnet))
glmnet.control(fdev = 0, devmax = 1, eps = 1e-30)

cross_validate <- function(folder) {
  numbers <- function(name) {
    path <- file.path(folder, name)
    readBin(path, "double", n = file.size(path) / 8, endian = "little")
  }
  setting <- as.list(read.csv(file.path(folder, "settings.csv"), colClasses = "character"))
  y <- numbers("y")
  cv <- cv.glmnet(
    matrix(numbers("X"), nrow = length(y)), y,
    family = setting$family, type.measure = setting$measure, weights = numbers("weight"), lambda = numbers("lambda"),
    foldid = numbers("fold") + 1, alpha = as.numeric(setting$l1_ratio), keep = TRUE, thresh = 1e-25, maxit = 1e8
  )
  preval <- if (setting$family == "gaussian") cv$fit.preval else plogis(cv$fit.preval)
  found <- list(mean = cv$cvm, std_error = cv$cvsd, chosen = c(cv$lambda.min, cv$lambda.1se), predictions = preval)
  for (name in names(found)) writeBin(as.vector(found[[name]]), file.path(folder, name), endian = "little")
}

for (folder in list.dirs(commandArgs(trailingOnly = TRUE)[1], recursive = FALSE)) cross_validate(folder)
writeLines(paste("R", getRversion(), "glmnet", packageVersion("glmnet")))

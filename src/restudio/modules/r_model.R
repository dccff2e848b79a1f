# What Create R Model offers to its scripts. `.features`, `.label` and `.label_type` are written above.

TrueLabelType <- "True Labels"
ScoredLabelType <- "Assigned Labels"
RawScoreType <- "Raw Score"
CalibratedScoreType <- "Calibrated Score"
ScoredProbabilitiesMulticlassColumnTypePattern <- "Scored Probabilities"
BinaryClassificationFeatureChannel <- "Binary Classification Scores"
MulticlassClassificationFeatureChannel <- "Multiclass Classification Scores"
RegressionFeatureChannel <- "Regression Scores"
BayesianLinearRegressionFeatureChannel <- "Bayesian Linear Regression Scores"
OrdinalRegressionFeatureChannel <- "Ordinal Regression Scores"

get.feature.column.names <- function(dataset) .features
get.feature.columns <- function(dataset) dataset[, .features, drop = FALSE]
get.label.column.names <- function(dataset) .label
get.label.column.name <- function(dataset, label.type = TrueLabelType) .label
get.label.column.types <- function(dataset) TrueLabelType
get.label.column <- function(dataset, label.type = TrueLabelType) dataset[[.label]]

set.score.column <- function(dataset, type, column) {
  attr(dataset, "score.types") <- c(attr(dataset, "score.types"), stats::setNames(type, column))
  dataset
}
set.feature.channel <- function(dataset, channel, columns) dataset

.to_pieces <- function(value) {
  hex <- paste(as.character(serialize(value, NULL)), collapse = "")
  starts <- seq(1, nchar(hex), by = 4096)
  data.frame(piece = substring(hex, starts, pmin(starts + 4095, nchar(hex))), stringsAsFactors = FALSE)
}

.from_pieces <- function(pieces) {
  bytes <- lapply(pieces, function(piece) {
    starts <- seq(1, nchar(piece), by = 2)
    as.raw(strtoi(substring(piece, starts, starts + 1), 16L))
  })
  unserialize(do.call(c, bytes))
}

.send_scores <- function(scores) {
  if (!is.data.frame(scores)) stop("the scorer must set 'scores' to a data frame")
  types <- attr(scores, "score.types")
  .results[[1]] <<- scores
  if (!is.null(types)) {
    .results[[2]] <<- data.frame(column = names(types), type = unname(types), stringsAsFactors = FALSE)
  }
}

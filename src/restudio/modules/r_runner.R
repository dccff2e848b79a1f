# The R side of a user's R script: reads the frames that r_driver.py wrote, runs the script, writes what it returns.

.exchange <- "exchange"
.missing <- "\\N"
.results <- list(NULL, NULL)

.read_lines <- function(name) {
  connection <- file(name, open = "rb", encoding = "bytes")
  on.exit(close(connection))
  lines <- readLines(connection, warn = FALSE)
  Encoding(lines) <- "UTF-8"
  lines
}

.unescape <- function(x) {
  x <- gsub("\\\\", "\001", x, fixed = TRUE)
  x <- gsub("\\n", "\n", x, fixed = TRUE)
  x <- gsub("\\r", "\r", x, fixed = TRUE)
  gsub("\001", "\\", x, fixed = TRUE)
}

.escape <- function(x) {
  x <- gsub("\\", "\\\\", x, fixed = TRUE)
  x <- gsub("\n", "\\n", x, fixed = TRUE)
  gsub("\r", "\\r", x, fixed = TRUE)
}

.from_texts <- function(kind, cells, levels) {
  gone <- cells == .missing
  cells <- ifelse(gone, NA_character_, .unescape(cells))
  switch(kind,
    factor = factor(cells, levels = levels),
    time = as.POSIXct(as.numeric(cells), origin = "1970-01-01", tz = "UTC"),
    span = as.difftime(as.numeric(cells), units = "secs"),
    logical = cells == "TRUE",
    integer = as.integer(cells),
    double = as.numeric(cells),
    cells
  )
}

.read_frame <- function(number) {
  folder <- file.path(.exchange, paste0("in", number))
  if (!dir.exists(folder)) return(NULL)
  described <- .read_lines(file.path(folder, "columns"))
  rows <- as.integer(.read_lines(file.path(folder, "rows")))
  frame <- data.frame(row.names = seq_len(rows))
  for (column in seq_along(described)) {
    kind <- sub("\t.*", "", described[column])
    name <- .unescape(sub("^[^\t]*\t", "", described[column]))
    path <- file.path(folder, column)
    levels <- if (kind == "factor") .unescape(.read_lines(paste0(path, ".levels"))) else NULL
    frame[[name]] <- .from_texts(kind, .read_lines(path), levels)
  }
  frame
}

.to_texts <- function(name, x) {
  if (is.list(x) && !inherits(x, "POSIXlt")) stop("column '", name, "' is a list")
  if (is.raw(x) || is.complex(x)) stop("column '", name, "' is ", typeof(x), ", which no dataset can hold")
  if (is.factor(x)) return(list("factor", as.character(x)))
  if (inherits(x, "POSIXt")) return(list("time", .numbers(as.numeric(as.POSIXct(x)))))
  if (inherits(x, "Date")) return(list("time", .numbers(as.numeric(x) * 86400)))
  if (inherits(x, "difftime")) return(list("span", .numbers(as.numeric(x, units = "secs"))))
  if (is.logical(x)) return(list("logical", ifelse(x, "TRUE", "FALSE")))
  if (is.integer(x)) return(list("integer", format(x, scientific = FALSE, trim = TRUE)))
  if (is.numeric(x)) return(list("double", .numbers(x)))
  list("text", as.character(x))
}

.numbers <- function(x) ifelse(is.nan(x), "nan", sprintf("%.17g", x))

.write_lines <- function(lines, name) {
  connection <- file(name, open = "wb")
  on.exit(close(connection))
  writeLines(enc2utf8(as.character(lines)), connection, useBytes = TRUE)
}

.write_frame <- function(frame, number) {
  if (is.null(frame)) return(invisible(NULL))
  frame <- as.data.frame(frame, stringsAsFactors = FALSE)
  folder <- file.path(.exchange, paste0("out", number))
  dir.create(folder)
  kinds <- character(0)
  for (column in seq_along(frame)) {
    name <- names(frame)[column]
    x <- frame[[column]]
    told <- .to_texts(name, x)
    gone <- is.na(x) & !(is.numeric(x) & is.nan(suppressWarnings(as.numeric(x))))
    .write_lines(ifelse(gone, .missing, .escape(told[[2]])), file.path(folder, column))
    if (told[[1]] == "factor") .write_lines(.escape(levels(x)), file.path(folder, paste0(column, ".levels")))
    kinds <- c(kinds, paste0(told[[1]], "\t", .escape(name)))
  }
  .write_lines(kinds, file.path(folder, "columns"))
}

maml.mapInputPort <- function(port) {
  if (!(port %in% 1:2)) stop("there are input ports 1 and 2, not ", port)
  .read_frame(port)
}

maml.mapOutputPort <- function(name) {
  value <- get(name, envir = parent.frame())
  if (!is.data.frame(value)) stop("'", name, "' is not a data frame")
  .results[[1]] <<- value
  invisible(NULL)
}

.main <- function() {
  try(png("plot%03d.png", width = 800, height = 600), silent = TRUE)
  source(file.path(.exchange, "script.R"), local = globalenv(), encoding = "UTF-8")
  if (exists("azureml_main", envir = globalenv(), mode = "function")) {
    returned <- azureml_main(.read_frame(1), .read_frame(2))
    if (is.data.frame(returned)) returned <- list(dataset1 = returned)
    .results[1:2] <<- list(returned[["dataset1"]], returned[["dataset2"]])
  }
  for (number in 1:2) .write_frame(.results[[number]], number)
}

.arguments <- commandArgs(trailingOnly = TRUE)
if (length(.arguments)) set.seed(as.integer(.arguments[1]))
tryCatch(.main(), error = function(e) {
  .write_lines(conditionMessage(e), file.path(.exchange, "error.txt"))
  quit(status = 1)
})

// Package query writes searches that package core/filter has read as SQL for MLflow's schema. A search finds exactly what
// filter.Query finds in memory, in the same order; the text of users crosses to the database as arguments alone.
//
// One of the functions Runs, RunIDs, Experiments, Models, Versions and LoggedModels returns a Search: a SELECT of the columns
// that the caller asks for and, behind them, of the values that the page was sorted by. A Place receives these, and says
// where the next page begins.
//
// The store must read the columns as this package does: NULL is empty text, a time of NULL or 0 is none, a run without a
// name has that of its tag mlflow.runName, a metric is NaN where is_nan is true, and a measurement of a logged model
// where its value is NULL.
package query

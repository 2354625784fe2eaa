// Package filter reads MLflow's search language: the filters and orders of runs, experiments, registered models, model
// versions and logged models, and evaluates them over the entities of package core.
//
// One of the five functions Runs, Experiments, Models, Versions and LoggedModels turns a core query into a [Query]. It
// refuses everything that is wrong with the query before a store reads anything: filter, order, page length and page
// token. Stores that hold their entities in memory or in folders call [Query.Page] or [Query.Slice]; stores that translate
// the query into another language read [Query.Filter], [Query.Order] and [Query.After].
//
// Source of the language: MLflow, mlflow/utils/search_utils.py.
package filter

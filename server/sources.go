package server

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/rest"
)

// origin is where a new version comes from.
type origin struct {
	source   string
	location string // to download from, where it is not the source
	run      core.RunID
	model    core.ModelID
}

// createVersionNeeds are those of adding to a model, and of reading whatever the version is made from.
func createVersionNeeds(q rest.CreateVersion) []need {
	needs := []need{{create, versionKind, q.Name}}
	add := func(k kind, id string) {
		if n := (need{read, k, id}); id != "" && !slices.Contains(needs, n) {
			needs = append(needs, n)
		}
	}
	add(runKind, textOf(q.RunID))
	add(loggedModelKind, textOf(q.ModelID))
	if run, _, err := names.RunsURI(q.Source); err == nil {
		add(runKind, run)
	}
	if ref, err := names.ModelsURI(q.Source); err == nil {
		add(modelKind, ref.Name)
		add(loggedModelKind, ref.ModelID)
	}
	return needs
}

// origin judges the source of a new version: what a remote caller names must be what the run, logged model or version that it
// names has, or a place that the caller could read without the server (R3, R4, R5). Source: MLflow 3.18,
// mlflow/server/handlers.py, _create_model_version.
func (s *Server) origin(ctx context.Context, q rest.CreateVersion, prompt bool) (origin, error) {
	o := origin{source: q.Source, run: core.RunID(textOf(q.RunID)), model: core.ModelID(textOf(q.ModelID))}
	if re := s.config.SourcePattern; re != nil && !re.MatchString(q.Source) {
		return o, core.Invalid("source", "Invalid model version source: '%s'.", shownURI(q.Source))
	}
	if prompt {
		return o, promptSource(q.Source)
	}
	if err := names.VersionSource(q.Source); err != nil {
		return o, badSource(core.Invalid("source", "%w", err), q.Source)
	}
	if ref, err := names.ModelsURI(q.Source); err == nil && ref.Name != "" {
		if o, err = s.inherited(ctx, q, ref); err != nil {
			return o, err
		}
	}
	return s.owned(ctx, o)
}

// promptSource refuses what is no source of a prompt: its text is in a tag, and nothing is ever opened.
func promptSource(source string) error {
	if source != "dummy-source" && source != "prompt-template" {
		return core.Invalid("source", "Invalid prompt source: '%s'. Prompt sources must use an MLflow placeholder.", shownURI(source))
	}
	return nil
}

// inherited is the origin of a copy of another version: its run and logged model, which the request need not repeat, and
// must not contradict.
func (s *Server) inherited(ctx context.Context, q rest.CreateVersion, ref names.ModelsRef) (origin, error) {
	m, err := s.registry.Model(ctx, ref.Name)
	if err != nil {
		return origin{}, noModel(err, ref.Name)
	}
	if isPrompt(m.Tags) {
		return origin{}, core.Invalid("source",
			"Invalid model version source: '%s'. Prompt versions cannot be used as model version sources.", shownURI(q.Source))
	}
	v, err := client.ResolveVersion(ctx, s.registry, ref)
	switch {
	case errors.Is(err, core.ErrNotFound) && ref.Alias != "":
		return origin{}, noAlias(ref.Alias)
	case err != nil:
		return origin{}, err
	}
	if q.RunID != nil && *q.RunID != string(v.RunID) || q.ModelID != nil && *q.ModelID != string(v.ModelID) {
		return origin{}, core.Invalid("source", "Invalid model version source: '%s'. The run_id and model_id request parameters must "+
			"match the referenced model version.", shownURI(q.Source))
	}
	source := "models:/" + v.Model + "/" + strconv.Itoa(v.Number)
	return origin{
		source: core.JoinLocation(source, ref.Path), location: core.JoinLocation(v.DownloadURI(), ref.Path), run: v.RunID,
		model: v.ModelID,
	}, nil
}

// owned checks that the source belongs to the logged model or run that the version names, where it must, and fills in what
// these know.
func (s *Server) owned(ctx context.Context, o origin) (origin, error) {
	root, owner := "", "run_id"
	if o.model != "" {
		owner = "model_id"
		m, err := s.liveLoggedModel(ctx, string(o.model))
		if err != nil {
			return o, ownerless(err, o.source, owner)
		}
		root = m.ArtifactURI
		if o.run == "" {
			o.run = m.SourceRunID
		}
	}
	u, err := core.ParseURI(o.source)
	if err != nil {
		return o, badSource(err, o.source)
	}
	_, proxied := proxiedPath(u)
	switch {
	case u.Scheme() == "runs":
		run, _, err := names.RunsURI(o.source)
		if err != nil || o.model != "" || run != string(o.run) {
			return o, foreign(o.source, owner)
		}
		return o, nil
	case u.Scheme() == "models":
		return s.ownedByModel(o, root)
	case !u.IsLocal() && !proxied:
		err := s.locations.check(u)
		if err == nil {
			err = s.knownScheme(ctx, u)
		}
		if err != nil {
			return o, badSource(err, o.source)
		}
		return o, nil
	}
	if root == "" && o.run != "" {
		run, err := s.tracking.Run(ctx, o.run)
		if err != nil {
			return o, ownerless(err, o.source, owner)
		}
		root = run.ArtifactURI
	}
	return o, contained(u, root, owner)
}

// ownedByModel checks a models:/ URI that is not that of a version, and finds the files of the logged model.
func (s *Server) ownedByModel(o origin, root string) (origin, error) {
	ref, err := names.ModelsURI(o.source)
	switch {
	case err != nil:
		return o, foreign(o.source, "model_id")
	case ref.Name != "":
		return o, nil // the copy of a version
	case ref.ModelID != string(o.model):
		return o, foreign(o.source, "model_id")
	}
	o.location = core.JoinLocation(root, ref.Path)
	return o, nil
}

// contained checks that a source that only its owner may name lies below the owner's root, or is it.
func contained(source core.URI, root, owner string) error {
	if source.IsLocal() {
		if localWithin(source, root) {
			return nil
		}
		return core.Invalid("source", "Invalid model version source: '%s'. To use a local path as a model version source, the %s "+
			"request parameter has to be specified and the local path has to be contained within the artifact directory of the run "+
			"specified by the %s.", shownURI(source.Raw()), owner, owner)
	}
	r, err := core.ParseURI(root)
	if err != nil || root == "" || !below(source, r) {
		return foreign(source.Raw(), owner)
	}
	return nil
}

func localWithin(source core.URI, root string) bool {
	r, err := core.ParseURI(root)
	if err != nil || root == "" || !r.IsLocal() {
		return false
	}
	path, err := localFolder(source)
	folder, other := localFolder(r)
	return err == nil && other == nil && within(path, folder)
}

// below compares two URIs of files that a server serves: scheme, authority, and the segments of the paths.
func below(source, root core.URI) bool {
	segments := func(u core.URI) []string {
		return slices.DeleteFunc(strings.Split(u.Path(), "/"), func(s string) bool { return s == "" })
	}
	s, r := segments(source), segments(root)
	return source.Scheme() == root.Scheme() && strings.EqualFold(source.Host(), root.Host()) && source.User() == root.User() &&
		len(r) > 0 && len(s) >= len(r) && slices.Equal(s[:len(r)], r)
}

func foreign(source, owner string) error {
	return core.Invalid("source", "Invalid model version source: '%s'. The %s request parameter must identify the resource that "+
		"contains the source.", shownURI(source), owner)
}

// ownerless is foreign for a run or logged model that is not there.
func ownerless(err error, source, owner string) error {
	if errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrInvalid) {
		return foreign(source, owner)
	}
	return err
}

// badSource words what is wrong with a source by itself.
func badSource(err error, source string) error {
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != core.InvalidArgument || (e.Key != "source" && e.Key != "uri") {
		return err
	}
	return core.Invalid("source", "Invalid model version source: '%s'. If supplying a source as an http, https, local file path, "+
		"ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present: %s",
		shownURI(source), rest.MessageOf(err))
}

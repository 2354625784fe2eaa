package main

import (
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
)

type modelView struct {
	Name                 string            `json:"name"`
	CreationTimestamp    core.Millis       `json:"creation_timestamp"`
	LastUpdatedTimestamp core.Millis       `json:"last_updated_timestamp"`
	Description          string            `json:"description,omitempty"`
	Tags                 map[string]string `json:"tags"`
	Aliases              map[string]int    `json:"aliases"`
	LatestVersions       []versionView     `json:"latest_versions,omitempty"`
}

type versionView struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"` // a text, as in MLflow
	CreationTimestamp    core.Millis       `json:"creation_timestamp"`
	LastUpdatedTimestamp core.Millis       `json:"last_updated_timestamp"`
	UserID               string            `json:"user_id,omitempty"`
	CurrentStage         core.Stage        `json:"current_stage,omitempty"`
	Description          string            `json:"description,omitempty"`
	Source               string            `json:"source"`
	RunID                core.RunID        `json:"run_id,omitempty"`
	RunLink              string            `json:"run_link,omitempty"`
	ModelID              core.ModelID      `json:"model_id,omitempty"`
	Status               string            `json:"status"`
	StatusMessage        string            `json:"status_message,omitempty"`
	Tags                 map[string]string `json:"tags"`
	Aliases              []string          `json:"aliases"`
}

func modelObject(m core.Model) any {
	view := modelView{
		Name: m.Name, CreationTimestamp: m.CreatedAt, LastUpdatedTimestamp: m.UpdatedAt, Description: m.Description,
		Tags: filled(m.Tags), Aliases: m.Aliases,
	}
	if view.Aliases == nil {
		view.Aliases = map[string]int{}
	}
	for _, v := range m.Latest {
		view.LatestVersions = append(view.LatestVersions, versionObject(v))
	}
	return view
}

func versionObject(v core.Version) versionView {
	view := versionView{
		Name: v.Model, Version: strconv.Itoa(v.Number), CreationTimestamp: v.CreatedAt, LastUpdatedTimestamp: v.UpdatedAt,
		UserID: v.User, CurrentStage: v.Stage, Description: v.Description, Source: shown(v.Source), RunID: v.RunID,
		RunLink: v.RunLink, ModelID: v.ModelID, Status: versionStatus(v.Status), StatusMessage: v.StatusMessage,
		Tags: filled(v.Tags), Aliases: v.Aliases,
	}
	if view.Aliases == nil {
		view.Aliases = []string{}
	}
	return view
}

// versionStatus is MLflow's name of a status (mlflow/protos/model_registry.proto).
func versionStatus(s core.VersionStatus) string {
	switch s {
	case core.VersionPending:
		return "PENDING_REGISTRATION"
	case core.VersionFailed:
		return "FAILED_REGISTRATION"
	case core.VersionReady:
		return "READY"
	}
	return strconv.Itoa(int(s))
}

// shown is a URI without its credentials.
func shown(uri string) string {
	parsed, err := core.ParseURI(uri)
	if err != nil {
		return uri
	}
	return parsed.String()
}

func modelListing() listing[core.Model] {
	return listing[core.Model]{
		columns: []column[core.Model]{
			{"name", func(m core.Model) string { return m.Name }},
			{"latest", latest},
			{"aliases", func(m core.Model) string { return aliasTexts(m.Aliases) }},
			{"last_updated_timestamp", func(m core.Model) string { return stamp(m.UpdatedAt) }},
			{"description", func(m core.Model) string { return m.Description }},
		},
		object: modelObject,
	}
}

func versionListing() listing[core.Version] {
	return listing[core.Version]{
		columns: []column[core.Version]{
			{"name", func(v core.Version) string { return v.Model }},
			{"version", func(v core.Version) string { return strconv.Itoa(v.Number) }},
			{"stage", func(v core.Version) string { return string(v.Stage) }},
			{"status", func(v core.Version) string { return versionStatus(v.Status) }},
			{"aliases", func(v core.Version) string { return strings.Join(v.Aliases, " ") }},
			{"run_id", func(v core.Version) string { return string(v.RunID) }},
			{"source", func(v core.Version) string { return shown(v.Source) }},
		},
		object: func(v core.Version) any { return versionObject(v) },
	}
}

package core

import "context"

// Model is a registered model: a name for a line of versions.
type Model struct {
	Name        string
	Description string
	CreatedAt   Millis
	UpdatedAt   Millis
	Tags        map[string]string
	Aliases     map[string]int // alias to version number, where Aliases is
	Latest      []Version      // where Stages is: the highest version of each stage that has one, by version number
}

// ModelSpec describes a model to create.
type ModelSpec struct {
	Name        string
	Description string
	Tags        map[string]string
}

// ModelChange changes what is given: under AtomicBatch all or nothing, else one after the other until the first error, the
// name last. Deleting an absent tag is no error.
type ModelChange struct {
	Name        *string // the new name
	Description *string // nil is unchanged, "" clears it
	Tags        TagChange
}

// ModelQuery searches models.
type ModelQuery struct {
	Filter  string   // MLflow's search language (package core/filter); prompts are hidden unless it asks for them
	OrderBy []string // such as "last_updated_timestamp DESC"; empty is by name
	PageOptions
}

// Models is the part of a RegistryStore that keeps models.
type Models interface {
	// CreateModel creates a model whose two times are equal [RG-001], with tags and description [RG-002]. A taken name is
	// ErrExists [RG-003], a bad one ErrInvalid [RG-004 RG-005]; names differ by their bytes [RG-008]. Of several callers
	// racing for a name one succeeds [RG-093].
	CreateModel(ctx context.Context, spec ModelSpec) (Model, error)

	// Model returns a model; an unknown one is ErrNotFound and named [RG-009].
	Model(ctx context.Context, name string) (Model, error)

	// UpdateModel changes a model and returns it. A change of name or description advances UpdatedAt [RG-010].
	//   - Renaming MUST take versions, tags and aliases along [RG-012 RG-064]; a taken name is ErrExists, a bad one ErrInvalid,
	//     both without effect [RG-013 RG-014]; the own name is fine [RG-016]; an unknown model is ErrNotFound [RG-015].
	//   - Versions stay as they are when tags or description change [RG-043].
	UpdateModel(ctx context.Context, name string, change ModelChange) (Model, error)

	// DeleteModel removes a model with versions, tags and aliases [RG-017]; an unknown one is ErrNotFound [RG-018]. A model
	// of that name made afterwards starts afresh [RG-019].
	DeleteModel(ctx context.Context, name string) error

	// SearchModels returns what matches [RG-075 RG-076], in order [RG-078], page by page [RG-080 RG-082]; a bad filter or
	// order, or a key that orders twice, is ErrInvalid [RG-077 RG-079].
	SearchModels(ctx context.Context, query ModelQuery) (Page[Model], error)
}

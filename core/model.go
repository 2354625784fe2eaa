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
	// ErrExists [RG-003], a bad one ErrInvalid [RG-004 RG-005], all others are good [RG-006] up to the limit announced
	// [RG-007]; names differ by their bytes [RG-008]. Of several callers racing for a name one succeeds [RG-093].
	CreateModel(ctx context.Context, spec ModelSpec) (Model, error)

	// Model returns a model, with its aliases [RG-055]; an unknown one is ErrNotFound and named [RG-009]. What it returns is
	// the caller's [RG-108].
	Model(ctx context.Context, name string) (Model, error)

	// UpdateModel changes a model and returns it. A change of name or description advances UpdatedAt [RG-010]; an empty
	// description clears it [RG-011]. Under AtomicBatch a change with a bad part changes nothing [RG-109], and one that is
	// lost on the way is done entirely or not at all [RG-103].
	//   - Renaming MUST take versions, tags and aliases along [RG-012 RG-064]; a taken name is ErrExists, a bad one ErrInvalid,
	//     both without effect [RG-013 RG-014]; the own name is fine [RG-016]; an unknown model is ErrNotFound [RG-015], also
	//     when it is one that has just been renamed [RG-099].
	//   - Versions stay as they are when tags or description change [RG-043]. Tags are set, replaced and deleted [RG-044
	//     RG-046 RG-047], within the limits announced [RG-048 RG-049], with any text as a value [RG-050] and odd keys [RG-051].
	UpdateModel(ctx context.Context, name string, change ModelChange) (Model, error)

	// DeleteModel removes a model with versions, tags and aliases [RG-017]; an unknown one is ErrNotFound [RG-018]. A model
	// of that name made afterwards starts afresh [RG-019].
	DeleteModel(ctx context.Context, name string) error

	// SearchModels returns what matches [RG-075 RG-076 RG-074], but prompts only when asked for [RG-111], in order [RG-078],
	// page by page [RG-080 RG-082], as long as asked for [RG-081]; a bad filter or order, or a key that orders twice, is
	// ErrInvalid [RG-077 RG-079], and values are literal text [RG-090]. Under PagesKeyset what is there all along is found
	// once while others come and go [RG-083].
	SearchModels(ctx context.Context, query ModelQuery) (Page[Model], error)
}

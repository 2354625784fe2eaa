package core

// Tags that MLflow gives a meaning (mlflow/utils/mlflow_tags.py). Stores know RunNameTag alone.
const (
	RunNameTag       = "mlflow.runName"
	ParentRunTag     = "mlflow.parentRunId"
	NoteTag          = "mlflow.note.content"
	UserTag          = "mlflow.user"
	SourceNameTag    = "mlflow.source.name"
	SourceTypeTag    = "mlflow.source.type"
	GitCommitTag     = "mlflow.source.git.commit"
	GitBranchTag     = "mlflow.source.git.branch"
	GitRepoURLTag    = "mlflow.source.git.repoURL"
	DataContextTag   = "mlflow.data.context"
	PromptTag        = "mlflow.prompt.is_prompt"
	ModelVersionsTag = "mlflow.modelVersions"
)

// Tag is one tag.
type Tag struct {
	Key, Value string
}

// TagChange sets and deletes tags: under AtomicBatch all or nothing, else one after the other until the first error.
// Setting overwrites. Whether deleting an absent tag is an error is said
// where the change is used. A key that is both set and deleted is ErrInvalid.
type TagChange struct {
	Set    map[string]string
	Delete []string
}

// Empty reports whether the change changes nothing.
func (c TagChange) Empty() bool { return len(c.Set) == 0 && len(c.Delete) == 0 }

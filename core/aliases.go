package core

import "context"

// Aliases is the ability of a RegistryStore to give versions names that can be moved. Aliases are case-sensitive; the
// reserved words `latest` and `v<number>` are refused in any case (D-9) [RG-060 RG-063]. Models do not share them [RG-066].
// Setting, deleting and reading one take effect one after the other [RG-094].
type Aliases interface {
	// SetAlias lets the alias point to the version, which may have several [RG-054], and no longer to another [RG-052
	// RG-053]. An unknown model or version is ErrNotFound and leaves the alias as it was [RG-058 RG-059]; a bad name is
	// ErrInvalid [RG-062].
	SetAlias(ctx context.Context, ref VersionRef, alias string) error

	// DeleteAlias removes the alias; an absent one is removed already [RG-056 RG-057]. An unknown model is ErrNotFound.
	DeleteAlias(ctx context.Context, model, alias string) error

	// VersionByAlias finds the version of an alias; an unknown one is ErrNotFound (D-8). `latest` in any case is the highest
	// number [RG-061].
	VersionByAlias(ctx context.Context, model, alias string) (Version, error)
}

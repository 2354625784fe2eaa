package registry

import "github.com/mlstore/mlstore/core"

func shown(u core.URI) string { return u.String() }

type instance struct{}

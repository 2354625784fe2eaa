package server

import "slices"

// permission is what a caller may do with a resource. Source: mlflow/server/auth/permissions.py.
type permission int

const (
	anyone        permission = iota // also without a name
	authenticated                   // whoever has proved who they are
	read
	use
	edit
	manage
	create // something new: of the kind, or, for what an experiment holds, in the experiment of the id
	admin
)

// kind is the kind of a resource that a need is about.
type kind string

const (
	noKind          kind = ""
	experimentKind  kind = "experiment"
	experimentNamed kind = "experiment by name"
	runKind         kind = "run"
	loggedModelKind kind = "logged model"
	modelKind       kind = "registered model"
	versionKind     kind = "model version" // by the name of the model
	artifactKind    kind = "artifact"      // a path below the artifact proxy

	userKind      kind = "user"          // by name
	workspaceKind kind = "workspace"     // whose roles are meant
	roleKind      kind = "role"          // by number
	grantKind     kind = "grant"         // by number: the role that has it
	memberKind    kind = "users of mine" // somebody in a workspace that the caller administers
)

// ofAccounts reports whether the kind is of users and roles.
func (k kind) ofAccounts() bool {
	return slices.Contains([]kind{userKind, workspaceKind, roleKind, grantKind, memberKind}, k)
}

// need is one thing that a caller must be allowed: a permission for a resource.
type need struct {
	permission permission
	kind       kind
	id         string
}

// policy lists everything that the caller of a route must be allowed, given its decoded request. A route without one, and one
// that lists nothing, is served to nobody.
type policy func(request any) []need

// open is the policy of what anybody may ask.
func open[Q any](Q) []need { return []need{{permission: anyone}} }

// known is the policy of what everybody with a name may ask; what they may see is then a matter of the answer.
func known[Q any](Q) []need { return []need{{permission: authenticated}} }

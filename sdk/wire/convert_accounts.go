package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// renumber turns a list of numbers of one type into one of another.
func renumber[B, A ~int64](in []A) []B { return each(in, func(n A) B { return B(n) }) }

func pbUser(u core.User) *trackingv1.User {
	return &trackingv1.User{Id: int64(u.ID), Name: u.Name, Admin: u.Admin, Password: u.Password.Reveal()}
}

func coreUser(pb *trackingv1.User) core.User {
	return core.User{
		ID: core.UserID(pb.GetId()), Name: pb.GetName(), Admin: pb.GetAdmin(), Password: core.NewSecret(pb.GetPassword()),
	}
}

func pbRole(r core.Role) *trackingv1.Role {
	return &trackingv1.Role{
		Id: int64(r.ID), Workspace: r.Workspace, Name: r.Name, Description: r.Description, Grants: each(r.Grants, pbGrant),
		Members: each(r.Members, func(m core.Member) *trackingv1.Member {
			return &trackingv1.Member{Id: int64(m.ID), UserId: int64(m.User)}
		}),
	}
}

func coreRole(pb *trackingv1.Role) core.Role {
	return core.Role{
		ID: core.RoleID(pb.GetId()), Workspace: pb.GetWorkspace(), Name: pb.GetName(), Description: pb.GetDescription(),
		Grants: each(pb.GetGrants(), coreGrant),
		Members: each(pb.GetMembers(), func(m *trackingv1.Member) core.Member {
			return core.Member{ID: core.MemberID(m.GetId()), User: core.UserID(m.GetUserId())}
		}),
	}
}

func pbGrant(g core.Grant) *trackingv1.Grant {
	return &trackingv1.Grant{Id: int64(g.ID), Kind: g.Kind, Pattern: g.Pattern, Permission: g.Permission}
}

func coreGrant(pb *trackingv1.Grant) core.Grant {
	return core.Grant{
		ID: core.GrantID(pb.GetId()), Kind: pb.GetKind(), Pattern: pb.GetPattern(), Permission: pb.GetPermission(),
	}
}

func pbToken(t core.Token) *trackingv1.Token {
	return &trackingv1.Token{
		Id: t.ID, User: t.User, Name: t.Name, Hash: t.Hash.Reveal(), Access: string(t.Scope.Access),
		Experiments: retype[string](t.Scope.Experiments), Models: t.Scope.Models, CreatedAt: int64(t.CreatedAt),
		ExpiresAt: int64(t.ExpiresAt),
	}
}

func coreToken(pb *trackingv1.Token) core.Token {
	return core.Token{
		ID: pb.GetId(), User: pb.GetUser(), Name: pb.GetName(), Hash: core.NewSecret(pb.GetHash()),
		Scope: core.TokenScope{
			Access: core.TokenAccess(pb.GetAccess()), Experiments: retype[core.ExperimentID](pb.GetExperiments()),
			Models: pb.GetModels(),
		},
		CreatedAt: core.Millis(pb.GetCreatedAt()), ExpiresAt: core.Millis(pb.GetExpiresAt()),
	}
}

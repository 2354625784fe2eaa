package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/access"
)

func (a *app) tokensCommand() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use: "tokens", Short: "Look after tokens, which let programs into a server with --app-name basic-auth",
		Long: "Look after tokens: a program that has one in MLFLOW_TRACKING_TOKEN is let in as its user, until it expires, for as\n" +
			"much as it is for. The password of its user ends it, when it changes.",
	}
	f.define(cmd)
	list := &cobra.Command{
		Use: "list [USER]", Short: "List tokens, of everybody or a user", Args: cobra.MaximumNArgs(1),
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			search := access.TokensOf(kept, strings.Join(args, ""))
			return tokenListing().show(a, core.All(cmd.Context(), search, core.PageOptions{}))
		}),
	}
	remove := &cobra.Command{
		Use: "delete ID", Short: "Delete a token: nobody is let in with it any more", Args: cobra.ExactArgs(1),
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			return kept.DeleteToken(cmd.Context(), args[0])
		}),
	}
	cmd.AddCommand(list, a.createTokenCommand(&f), remove)
	return cmd
}

func (a *app) createTokenCommand(f *accountFlags) *cobra.Command {
	var name, reach string
	var days uint16
	var experiments, models []string
	cmd := &cobra.Command{
		Use: "create USER", Short: "Make a token and print it, this once", Args: cobra.ExactArgs(1),
		Example: "  export MLFLOW_TRACKING_TOKEN=$(mlstore tokens create ci --access write --days 90 --experiment 7)",
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			spec := access.TokenSpec{
				User: args[0], Name: name, Age: time.Duration(days) * 24 * time.Hour,
				Scope: core.TokenScope{Access: core.TokenAccess(reach), Models: models},
			}
			for _, id := range experiments {
				spec.Scope.Experiments = append(spec.Scope.Experiments, core.ExperimentID(id))
			}
			token, text, err := access.NewToken(spec)
			if err != nil {
				return err
			}
			if err := kept.CreateToken(cmd.Context(), token); err != nil {
				return err
			}
			a.say("%s\n", text.Reveal())
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "name", "", "what it is for")
	flags.StringVar(&reach, "access", string(core.TokenWrites),
		"how much it may do of what its user may: "+strings.Join(accesses(), ", "))
	flags.Uint16Var(&days, "days", 30, "how long it lives")
	flags.StringSliceVar(&experiments, "experiment", nil, "id of an experiment that it is for; with --model the only ones")
	flags.StringSliceVar(&models, "model", nil, "name of a registered model that it is for")
	return cmd
}

func tokenListing() listing[core.Token] {
	type view struct {
		ID          string   `json:"id"`
		User        string   `json:"user"`
		Name        string   `json:"name"`
		Access      string   `json:"access"`
		Experiments []string `json:"experiments"`
		Models      []string `json:"models"`
		Created     int64    `json:"created_at"`
		Expires     int64    `json:"expires_at"`
	}
	ids := func(t core.Token) []string {
		all := []string{}
		for _, id := range t.Scope.Experiments {
			all = append(all, string(id))
		}
		return all
	}
	return listing[core.Token]{
		columns: []column[core.Token]{
			{"id", func(t core.Token) string { return t.ID }},
			{"user", func(t core.Token) string { return t.User }},
			{"name", func(t core.Token) string { return t.Name }},
			{"access", func(t core.Token) string { return string(t.Scope.Access) }},
			{"experiments", func(t core.Token) string { return strings.Join(ids(t), " ") }},
			{"models", func(t core.Token) string { return strings.Join(t.Scope.Models, " ") }},
			{"expires", func(t core.Token) string { return t.ExpiresAt.Time().UTC().Format(time.RFC3339) }},
		},
		object: func(t core.Token) any {
			return view{
				t.ID, t.User, t.Name, string(t.Scope.Access), ids(t), append([]string{}, t.Scope.Models...), int64(t.CreatedAt),
				int64(t.ExpiresAt),
			}
		},
	}
}

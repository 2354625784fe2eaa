package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/access"
)

// accountFlags say where accounts are.
type accountFlags struct{ database string }

func (f *accountFlags) define(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&f.database, "auth-database", "",
		"database of the accounts (default database_uri of $"+access.ConfigVariable+", else sqlite:///basic_auth.db)")
}

// with opens the accounts for a command.
func (f *accountFlags) with(
	a *app, use func(*cobra.Command, []string, core.Accounts) error,
) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		database := f.database
		if database == "" {
			c, err := a.authConfig()
			if err != nil {
				return err
			}
			database = c.Database
		}
		kept, err := a.openAccounts(cmd.Context(), database)
		if err != nil {
			return err
		}
		return joined(use(cmd, args, kept), kept.store.Close())
	}
}

func (a *app) usersCommand() *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use: "users", Short: "Look after those who may use a server with --app-name basic-auth",
		Long: "Look after the accounts of mlstore server --app-name basic-auth, which are those of mlflow server --app-name\n" +
			"basic-auth. A server that runs knows of a change some seconds later.",
	}
	f.define(cmd)
	list := &cobra.Command{
		Use: "list", Short: "List users", Args: cobra.NoArgs,
		RunE: f.with(a, func(cmd *cobra.Command, _ []string, kept core.Accounts) error {
			return userListing().show(a, core.All(cmd.Context(), kept.SearchUsers, core.PageOptions{}))
		}),
	}
	remove := &cobra.Command{
		Use: "delete NAME", Short: "Delete a user with everything that is theirs alone", Args: cobra.ExactArgs(1),
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			return kept.DeleteUser(cmd.Context(), args[0])
		}),
	}
	password := &cobra.Command{
		Use: "password NAME", Short: "Give a user a new password, which ends their tokens", Args: cobra.ExactArgs(1),
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			hash, err := a.newPassword(cmd, args[0])
			if err != nil {
				return err
			}
			_, err = kept.UpdateUser(cmd.Context(), args[0], core.UserChange{Password: &hash})
			return err
		}),
	}
	grant := &cobra.Command{
		Use: "grant NAME KIND RESOURCE PERMISSION", Short: "Permit a user something, or deny it", Args: cobra.ExactArgs(4),
		Long: "Permit a user READ, USE, EDIT or MANAGE on an experiment by its id, or a registered_model by its name, or * for all\n" +
			"of the kind; or DENY it.",
		Example: "  mlstore users grant grete experiment 7 EDIT\n  mlstore users grant grete registered_model '*' READ",
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			user, err := kept.User(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			grant := core.Grant{Kind: args[1], Pattern: args[2], Permission: strings.ToUpper(args[3])}
			return access.New(kept, access.Options{}).Grant(cmd.Context(), user.ID, grant)
		}),
	}
	cmd.AddCommand(list, a.createUserCommand(&f), password, grant, remove)
	return cmd
}

func (a *app) createUserCommand(f *accountFlags) *cobra.Command {
	var admin bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a user", Args: cobra.ExactArgs(1),
		Long: "Create a user. The password is read from the terminal, or else from the first line of the standard input, so that it\n" +
			"is in no list of processes and no history.",
		RunE: f.with(a, func(cmd *cobra.Command, args []string, kept core.Accounts) error {
			if err := core.CheckUserName(args[0]); err != nil {
				return err
			}
			hash, err := a.newPassword(cmd, args[0])
			if err != nil {
				return err
			}
			_, err = kept.CreateUser(cmd.Context(), core.UserSpec{Name: args[0], Admin: admin, Password: hash})
			return err
		}),
	}
	cmd.Flags().BoolVar(&admin, "admin", false, "let the user do everything")
	return cmd
}

// newPassword reads a password and hashes it.
func (a *app) newPassword(cmd *cobra.Command, user string) (core.Secret, error) {
	password, err := a.readPassword(cmd.InOrStdin())
	if err != nil {
		return core.Secret{}, err
	}
	if err := access.CheckPassword(user, password); err != nil {
		return core.Secret{}, err
	}
	return access.HashPassword(password)
}

func (a *app) readPassword(in io.Reader) (string, error) {
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		_, _ = io.WriteString(a.stderr, "Password: ") // if nobody can see it, it is typed all the same
		text, err := term.ReadPassword(int(file.Fd()))
		_, _ = io.WriteString(a.stderr, "\n")
		return string(text), err
	}
	line, err := bufio.NewReader(io.LimitReader(in, 1<<16)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func userListing() listing[core.User] {
	type view struct {
		ID    int64  `json:"id"`
		Name  string `json:"name"`
		Admin bool   `json:"admin"`
	}
	return listing[core.User]{
		columns: []column[core.User]{
			{"id", func(u core.User) string { return strconv.FormatInt(int64(u.ID), 10) }},
			{"name", func(u core.User) string { return u.Name }},
			{"admin", func(u core.User) string { return strconv.FormatBool(u.Admin) }},
		},
		object: func(u core.User) any { return view{int64(u.ID), u.Name, u.Admin} },
	}
}

// accesses are the values of --access.
func accesses() []string {
	all := []string{string(core.TokenReads), string(core.TokenWrites), string(core.TokenManages)}
	slices.Sort(all)
	return all
}

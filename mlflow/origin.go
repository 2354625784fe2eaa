package mlflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/user"
	"sync"

	"github.com/mlstore/mlstore/core"
)

const unknownUser = "unknown"

// origin knows where this process comes from: its user, its program, and the program's version in git. It is found out once.
type origin struct {
	env     Environment
	program string // os.Args[0]

	once sync.Once
	tags map[string]string
}

func newOrigin(env Environment) *origin {
	o := &origin{env: env}
	if len(os.Args) > 0 {
		o.program = os.Args[0]
	}
	return o
}

// find returns the tags; the first call asks git.
func (o *origin) find(ctx context.Context) map[string]string {
	o.once.Do(func() {
		o.tags = map[string]string{core.SourceNameTag: o.program, core.SourceTypeTag: "LOCAL"}
		if o.program == "" {
			o.tags[core.SourceNameTag] = "<console>"
			return
		}
		maps.Copy(o.tags, sourceVersion(context.WithoutCancel(ctx), o.program)) // others need the answer too
	})
	return o.tags
}

// contextTags are the tags that MLflow gives every new run, each source over the one before: user and program, git, and the
// JSON object in MLFLOW_RUN_CONTEXT, which is skipped with a warning when it is none (mlflow/tracking/context).
func (c *Client) contextTags(ctx context.Context) map[string]string {
	tags := maps.Clone(c.origin.find(ctx))
	tags[core.UserTag] = userName(c.env)
	text, found := c.env.LookupEnv(runContextVariable)
	if !found {
		return tags
	}
	var given map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber() // digits stay as they are written
	err := decoder.Decode(&given)
	if err == nil && decoder.More() {
		err = errors.New("more text follows the object")
	}
	if err != nil {
		c.logger().Warn("mlflow: the environment variable is no JSON object and is ignored", "name", runContextVariable, "error", err)
		return tags
	}
	for key, value := range given {
		tags[key] = Text(value)
	}
	return tags
}

// userName is the user known to the tracking server, else the one logged in, found as Python's getpass.getuser does.
func userName(env Environment) string {
	for _, name := range []string{usernameVariable, "LOGNAME", "USER", "LNAME", "USERNAME"} {
		if value := getenv(env, name); value != "" {
			return value
		}
	}
	if account, err := user.Current(); err == nil && account.Username != "" {
		return account.Username
	}
	return unknownUser
}

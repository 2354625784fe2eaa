package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// tokensTable is ours. It has no foreign key, which would keep MLflow from deleting users: a token holds as long as the user of
// its number has its name and the password of which its digest is.
const tokensTable = `CREATE TABLE IF NOT EXISTS mlstore_tokens (
  id VARCHAR(64) NOT NULL,
  user_id INTEGER NOT NULL,
  username VARCHAR(255) NOT NULL,
  password_digest VARCHAR(64) NOT NULL,
  name VARCHAR(255) NOT NULL,
  hash VARCHAR(255) NOT NULL,
  access VARCHAR(16) NOT NULL,
  experiments TEXT NOT NULL,
  models TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  CONSTRAINT mlstore_tokens_pk PRIMARY KEY (id)
)`

const selectTokens = "SELECT t.id, t.username, t.name, t.hash, t.access, t.experiments, t.models, t.created_at, t.expires_at, " +
	"t.password_digest, COALESCE(u.password_hash, '') FROM mlstore_tokens t " +
	"JOIN users u ON u.id = t.user_id AND u.username = t.username WHERE "

// tokens are the tokens that a query answers, without those that have ended.
type tokens struct {
	list []core.Token
	ids  []string // also of those that have ended
}

func (all *tokens) scan(rows sqldb.Rows) error {
	var t core.Token
	var hash, experiments, models, was, is string
	err := rows.Scan(&t.ID, &t.User, &t.Name, &hash, (*string)(&t.Scope.Access), &experiments, &models,
		(*int64)(&t.CreatedAt), (*int64)(&t.ExpiresAt), &was, &is)
	if err != nil {
		return err
	}
	all.ids = append(all.ids, t.ID)
	if was != digest(is) {
		return nil
	}
	t.Hash = core.NewSecret(hash)
	err = errors.Join(json.Unmarshal([]byte(experiments), &t.Scope.Experiments), json.Unmarshal([]byte(models), &t.Scope.Models))
	if err != nil {
		return core.Errorf(core.DataLoss, "the scope of the token %q cannot be read: %w", t.ID, err)
	}
	all.list = append(all.list, t)
	return nil
}

// digest tells one password's hash from another.
func digest(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return hex.EncodeToString(sum[:])
}

// CreateToken keeps a token.
func (s *Store) CreateToken(ctx context.Context, token core.Token) (err error) {
	defer named(&err, "create token", token.ID)
	if err := s.change(ctx); err != nil {
		return err
	}
	if err := core.CheckToken(token); err != nil {
		return err
	}
	experiments, _ := json.Marshal(token.Scope.Experiments) // texts alone
	models, _ := json.Marshal(token.Scope.Models)
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		user, err := findUser(ctx, tx, token.User, "")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO mlstore_tokens (id, user_id, username, password_digest, name, hash, access, experiments, "+
			"models, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			token.ID, int64(user.ID), token.User, digest(user.Password.Reveal()), token.Name, token.Hash.Reveal(),
			string(token.Scope.Access), string(experiments), string(models), int64(token.CreatedAt), int64(token.ExpiresAt))
		return err
	})
	if errors.Is(err, core.ErrExists) {
		return core.Exists("token", token.ID)
	}
	return err
}

// Token returns a token that has not ended with its user or their password.
func (s *Store) Token(ctx context.Context, id string) (_ core.Token, err error) {
	defer named(&err, "get token", id)
	if err := s.read(ctx); err != nil {
		return core.Token{}, err
	}
	var found tokens
	var b sqldb.Batch
	b.Query(sqldb.Each(found.scan), selectTokens+"t.id = $1", id)
	if err := s.db.Fetch(ctx, &b); err != nil {
		return core.Token{}, err
	}
	if len(found.list) == 0 {
		return core.Token{}, core.Missing("token", id)
	}
	return found.list[0], nil
}

// DeleteToken removes a token.
func (s *Store) DeleteToken(ctx context.Context, id string) (err error) {
	defer named(&err, "delete token", id)
	if err := s.change(ctx); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		n, err := tx.Exec(ctx, "DELETE FROM mlstore_tokens WHERE id = $1", id)
		if err == nil && n == 0 {
			return core.Missing("token", id)
		}
		return err
	})
}

// SearchTokens lists the tokens that have not ended, by id. A page may be shorter than asked for.
func (s *Store) SearchTokens(ctx context.Context, q core.TokenQuery) (_ core.Page[core.Token], err error) {
	defer named(&err, "search tokens", q.User)
	none := core.Page[core.Token]{}
	if err := s.read(ctx); err != nil {
		return none, err
	}
	query := "tokens " + q.User
	limit, after, err := placeOf[string](q.PageOptions, query)
	if err != nil {
		return none, err
	}
	id := "t.id"
	if s.db.Dialect() == sqldb.Postgres {
		id += ` COLLATE "C"` // by bytes, as SQLite does
	}
	where, args := id+" > $1", []any{after}
	if q.User != "" {
		where, args = where+" AND t.username = $2", append(args, q.User)
	}
	var found tokens
	var b sqldb.Batch
	b.Query(sqldb.Each(found.scan), selectTokens+where+" ORDER BY "+id+" LIMIT "+strconv.Itoa(limit+1), args...)
	if err := s.db.Fetch(ctx, &b); err != nil {
		return none, err
	}
	ids, err := cut(found.ids, limit, query, func(id string) string { return id })
	if err != nil {
		return none, err
	}
	if n := len(found.list); n > 0 && len(found.ids) > limit && found.list[n-1].ID == found.ids[limit] {
		found.list = found.list[:n-1]
	}
	return core.Page[core.Token]{Items: found.list, Next: ids.Next}, nil
}

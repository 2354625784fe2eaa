package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// issueFacets is a step that makes a table of the categories of issues, which were JSON in one column before. Source: MLflow
// 3.18, revision 8b6ad64cb8f5.
func issueFacets() derivation {
	return derivation{revision: "8b6ad64cb8f5", what: "the categories of issues get rows of their own", do: deriveCategories}
}

func deriveCategories(ctx context.Context, tx sqldb.Tx, _ sqldb.Dialect) error {
	for after := ""; ; {
		last := ""
		inserts, page := &sqldb.Batch{}, &sqldb.Batch{}
		page.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var text string
			if err := rows.Scan(&last, &text); err != nil {
				return err
			}
			categories, err := categoriesOf(text)
			if err != nil {
				return core.State("issues", "the categories of issue %s are not what MLflow writes, a list of texts: %w", last, err)
			}
			for _, hash := range slices.Sorted(maps.Keys(categories)) {
				inserts.Exec("INSERT INTO issue_categories (issue_id, category_hash, category) VALUES ($1, $2, $3)",
					last, hash, categories[hash])
			}
			return nil
		}), "SELECT issue_id, categories FROM issues WHERE categories IS NOT NULL AND issue_id > $1 ORDER BY issue_id LIMIT $2",
			after, pageOfRows)
		if err := tx.Do(ctx, page); err != nil || last == "" {
			return err
		}
		if err := tx.Do(ctx, inserts); err != nil {
			return err
		}
		after = last
	}
}

// categoriesOf reads a list of categories: by the hash under which MLflow finds one in any case, its last spelling.
func categoriesOf(text string) (map[string]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	categories := map[string]string{}
	for _, category := range list {
		sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(category))))
		categories[hex.EncodeToString(sum[:])] = category
	}
	return categories, nil
}

package accounts

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
)

// place is where a page of a query begins: after a key, the zero one at first.
func placeOf[K any](o core.PageOptions, query string) (limit int, after K, err error) {
	limit, err = core.CheckPage(o, core.AccountPage())
	if err != nil || o.Token == "" {
		return limit, after, err
	}
	return limit, after, sqlstore.Unseal(query, o.Token, &after)
}

func place(o core.PageOptions, query string) (limit int, after int64, err error) {
	return placeOf[int64](o, query)
}

// cut makes a page of the limit+1 items, or fewer, that were read.
func cut[T, K any](all []T, limit int, query string, key func(T) K) (core.Page[T], error) {
	page := core.Page[T]{Items: all}
	if len(all) <= limit {
		return page, nil
	}
	page.Items = all[:limit:limit]
	var err error
	page.Next, err = sqlstore.Seal(query, key(page.Items[limit-1]))
	return page, err
}

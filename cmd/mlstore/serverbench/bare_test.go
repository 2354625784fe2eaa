//go:build unix

package serverbench_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// What a server on Postgres cannot be quicker than: the best statement that we know for the same work, sent by pgx alone, and
// one round trip of HTTP.

// bareUpsert keeps the point that is the latest.
const bareUpsert = `ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp,
step = excluded.step, is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)`

func (l *lab) bareMetric(ctx context.Context, s *side, caller int) error {
	n := s.count.Add(1)
	_, err := l.bare.Exec(ctx, `WITH m AS (INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)
INSERT INTO latest_metrics AS l (run_uuid, key, value, timestamp, step, is_nan) VALUES ($1, $2, $3, $4, $5, $6) `+bareUpsert,
		s.runs[caller], "loss", float64(n), n, n, false)
	if err != nil {
		return err
	}
	return roundTrip(ctx, s)
}

func (l *lab) bareBatch(ctx context.Context, s *side, caller int) error {
	n := s.count.Add(1)
	const size = 1000
	keys, nans := make([]string, size), make([]bool, size)
	values := make([]float64, size)
	timestamps, steps := make([]int64, size), make([]int64, size)
	for i := range size {
		keys[i], values[i] = fmt.Sprintf("metric-%d", i%10), float64(i)/size
		timestamps[i], steps[i] = 1_700_000_000_000+n, size*n+int64(i)
	}
	_, err := l.bare.Exec(ctx, `WITH m AS (INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)
SELECT $1, p.* FROM unnest($2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bool[]) p ON CONFLICT DO NOTHING)
INSERT INTO latest_metrics AS l (run_uuid, key, value, timestamp, step, is_nan)
SELECT DISTINCT ON (p.key) $1, p.* FROM unnest($2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bool[])
AS p(key, value, timestamp, step, is_nan) ORDER BY p.key, p.step DESC, p.timestamp DESC, p.value DESC `+bareUpsert,
		s.runs[caller], keys, values, timestamps, steps, nans)
	return err
}

// roundTrip sends a request that asks for nothing.
func roundTrip(ctx context.Context, s *side) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/health", nil)
	if err != nil {
		return err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

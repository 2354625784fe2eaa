package sqlstore

import (
	"cmp"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// versionColumns are what shelf.version reads, of the table model_versions as v.
const versionColumns = "v.name, v.version, COALESCE(v.creation_time, 0), COALESCE(v.last_updated_time, 0), " +
	"COALESCE(v.user_id, ''), COALESCE(v.description, ''), COALESCE(v.current_stage, 'None'), COALESCE(v.source, ''), " +
	"COALESCE(v.storage_location, ''), COALESCE(v.run_id, ''), COALESCE(v.run_link, ''), COALESCE(v.status, 'READY'), " +
	"COALESCE(v.status_message, '')"

const (
	selectVersions = "SELECT " + versionColumns + " FROM model_versions v WHERE " + inWorkspace + " AND " + shown + " AND "
	oneVersion     = "v.name = $1 AND v.version = $2"
)

// modelIDTag is the tag of a version that holds the logged model it was made from, for which MLflow's schema has no
// column. It is no tag to callers of this package.
const modelIDTag = "mlstore.modelId"

// shelf collects versions with their tags and aliases. The zero value is empty.
type shelf struct {
	list  []*core.Version
	byRef map[core.VersionRef]*core.Version

	row    core.Version // the row that is being read
	status string
}

// fetch adds the queries of the versions that meet a condition on v.
func (s *shelf) fetch(b *sqldb.Batch, where string, args ...any) {
	b.Query(sqldb.Each(s.version), selectVersions+where, args...)
	s.fetchRest(b, where, args...)
}

// fetchRest adds the queries of tags and aliases.
func (s *shelf) fetchRest(b *sqldb.Batch, where string, args ...any) {
	b.Query(sqldb.Each(s.tag), "SELECT t.name, t.version, t.key, COALESCE(t.value, '') FROM model_versions v "+
		"JOIN model_version_tags t ON t.workspace = v.workspace AND t.name = v.name AND t.version = v.version WHERE "+
		inWorkspace+" AND "+where, args...)
	b.Query(sqldb.Each(s.alias), "SELECT a.name, a.version, a.alias FROM model_versions v "+
		"JOIN registered_model_aliases a ON a.workspace = v.workspace AND a.name = v.name AND a.version = v.version WHERE "+
		inWorkspace+" AND "+where, args...)
}

// version reads a row of versionColumns.
func (s *shelf) version(rows sqldb.Rows) error {
	if err := rows.Scan(s.fields()...); err != nil {
		return err
	}
	return s.take()
}

// fields are where a row of versionColumns goes before take.
func (s *shelf) fields() []any {
	v := &s.row
	return []any{
		&v.Model, &v.Number, (*int64)(&v.CreatedAt), (*int64)(&v.UpdatedAt), &v.User, &v.Description, (*string)(&v.Stage),
		&v.Source, &v.Location, (*string)(&v.RunID), &v.RunLink, &s.status, &v.StatusMessage,
	}
}

// take adds the row that was scanned.
func (s *shelf) take() error {
	v := s.row
	v.Tags, v.Status = map[string]string{}, statusOf(s.status)
	if v.Location == v.Source {
		v.Location = ""
	}
	s.add(&v)
	return nil
}

func (s *shelf) add(v *core.Version) {
	if s.byRef == nil {
		s.byRef = map[core.VersionRef]*core.Version{}
	}
	s.list = append(s.list, v)
	s.byRef[core.VersionRef{Model: v.Model, Number: v.Number}] = v
}

func (s *shelf) tag(rows sqldb.Rows) error {
	var ref core.VersionRef
	var key, value string
	if err := rows.Scan(&ref.Model, &ref.Number, &key, &value); err != nil {
		return err
	}
	switch v := s.byRef[ref]; {
	case v == nil: // deleted
	case key == modelIDTag:
		v.ModelID = core.ModelID(value)
	default:
		v.Tags[key] = value
	}
	return nil
}

func (s *shelf) alias(rows sqldb.Rows) error {
	var ref core.VersionRef
	var alias string
	if err := rows.Scan(&ref.Model, &ref.Number, &alias); err != nil {
		return err
	}
	if v := s.byRef[ref]; v != nil {
		at, _ := slices.BinarySearch(v.Aliases, alias)
		v.Aliases = slices.Insert(v.Aliases, at, alias)
	}
	return nil
}

// one is the version that was asked for.
func (s *shelf) one(ref core.VersionRef) (core.Version, error) {
	if len(s.list) == 0 {
		return core.Version{}, missingVersion(ref)
	}
	return *s.list[0], nil
}

// all are the versions as values.
func (s *shelf) all() []core.Version {
	var all []core.Version
	for _, v := range s.list {
		all = append(all, *v)
	}
	return all
}

// byNumber sorts versions of one model.
func byNumber(all []core.Version) []core.Version {
	slices.SortFunc(all, func(a, b core.Version) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// Texts of states. Source: MLflow, ModelVersionStatus.
func statusText(s core.VersionStatus) string {
	switch s {
	case core.VersionPending:
		return "PENDING_REGISTRATION"
	case core.VersionFailed:
		return "FAILED_REGISTRATION"
	case core.VersionReady:
	}
	return "READY"
}

func statusOf(text string) core.VersionStatus {
	for s := core.VersionPending; s < core.VersionReady; s++ {
		if statusText(s) == text {
			return s
		}
	}
	return core.VersionReady
}

// modelColumns are what models.model reads, of the table registered_models as m.
const modelColumns = "m.name, COALESCE(m.description, ''), COALESCE(m.creation_time, 0), COALESCE(m.last_updated_time, 0)"

// models collects models with all that belongs to them. The zero value is empty.
type models struct {
	list   []*core.Model
	byName map[string]*core.Model
	latest shelf

	row core.Model // the row that is being read
}

// fetch adds the queries of what belongs to models. named writes the condition that a column is the name of one of them.
func (m *models) fetch(b *sqldb.Batch, named func(column string) string, args ...any) {
	b.Query(sqldb.Each(m.tag), "SELECT t.name, t.key, COALESCE(t.value, '') FROM registered_model_tags t "+
		"WHERE t.workspace = 'default' AND "+named("t.name"), args...)
	b.Query(sqldb.Each(m.alias), "SELECT a.name, a.alias, a.version FROM registered_model_aliases a JOIN model_versions v "+
		"ON v.workspace = a.workspace AND v.name = a.name AND v.version = a.version WHERE "+inWorkspace+" AND "+shown+" AND "+
		named("a.name"), args...)
	m.latest.fetch(b, named("v.name")+" AND (v.name, v.version) IN ("+latestNumbers(named("v.name"))+")", args...)
}

// latestNumbers finds name and number of the highest version of each stage of models.
func latestNumbers(where string) string {
	return "SELECT v.name, max(v.version) FROM model_versions v WHERE " + inWorkspace + " AND " + shown + " AND " + where +
		" GROUP BY v.name, COALESCE(v.current_stage, 'None')"
}

// model reads a row of modelColumns.
func (m *models) model(rows sqldb.Rows) error {
	if err := rows.Scan(m.fields()...); err != nil {
		return err
	}
	return m.take()
}

// fields are where a row of modelColumns goes before take.
func (m *models) fields() []any {
	return []any{&m.row.Name, &m.row.Description, (*int64)(&m.row.CreatedAt), (*int64)(&m.row.UpdatedAt)}
}

// take adds the row that was scanned.
func (m *models) take() error {
	entity := m.row
	entity.Tags, entity.Aliases = map[string]string{}, map[string]int{}
	if m.byName == nil {
		m.byName = map[string]*core.Model{}
	}
	m.list = append(m.list, &entity)
	m.byName[entity.Name] = &entity
	return nil
}

func (m *models) tag(rows sqldb.Rows) error {
	var name, key, value string
	if err := rows.Scan(&name, &key, &value); err != nil {
		return err
	}
	if entity := m.byName[name]; entity != nil {
		entity.Tags[key] = value
	}
	return nil
}

func (m *models) alias(rows sqldb.Rows) error {
	var name, alias string
	var number int
	if err := rows.Scan(&name, &alias, &number); err != nil {
		return err
	}
	if entity := m.byName[name]; entity != nil {
		entity.Aliases[alias] = number
	}
	return nil
}

// all are the models whole.
func (m *models) all() []core.Model {
	for _, v := range m.latest.list {
		if entity := m.byName[v.Model]; entity != nil {
			entity.Latest = append(entity.Latest, *v)
		}
	}
	var all []core.Model
	for _, entity := range m.list {
		entity.Latest = byNumber(entity.Latest)
		all = append(all, *entity)
	}
	return all
}

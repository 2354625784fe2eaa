package filter

import (
	"fmt"
	"slices"
	"strings"
)

// grammar is what the language of one kind of item knows: the tables of MLflow's SearchUtils and its relatives.
type grammar struct {
	kind     string // of the items, such as "runs"
	entities []entityName
	filters  []column // attributes of filters
	orders   []column // attributes of orders
	tags     opSet
	params   opSet

	tickedEntities bool   // an entity's name may stand in back-quotes
	plainKeys      bool   // an attribute of a filter may not be quoted
	nullsOf        string // entities that IS NULL takes, for messages; empty is none
	onlyAttributes bool   // of orders
	prompts        bool   // prompts are hidden unless the filter asks for them
}

type entityName struct {
	name   string
	entity Entity
}

// column is an attribute.
type column struct {
	names  []string // the canonical one first
	class  class
	ops    opSet
	values []string // all that there are; nil is any
}

// class says which literals an attribute takes.
type class int

const (
	textual     class = iota
	decimal           // text of digits
	whole             // an integer
	wholeOrText       // an integer, which may be quoted
	numeric           // any number
)

// opSet is a set of operators.
type opSet uint16

const (
	equalities opSet = 1<<Equal | 1<<NotEqual
	numbers          = equalities | 1<<Greater | 1<<GreaterOrEqual | 1<<Less | 1<<LessOrEqual
	texts            = equalities | 1<<Like | 1<<ILike
	lists      opSet = 1<<In | 1<<NotIn
	nulls      opSet = 1<<IsNull | 1<<IsNotNull
)

func (s opSet) has(o Op) bool { return s&(1<<o) != 0 }

func (s opSet) String() string {
	var names []string
	for o := Equal; o <= IsNotNull; o++ {
		if s.has(o) {
			names = append(names, o.String())
		}
	}
	return "{'" + strings.Join(names, "', '") + "'}"
}

// entity returns the entity that a name stands for.
func (g grammar) entity(name token) (Entity, bool) {
	text := name.text
	if name.kind == tickedToken && g.tickedEntities {
		text = name.inner()
	}
	for _, known := range g.entities {
		if known.name == text {
			return known.entity, true
		}
	}
	return 0, false
}

func (g grammar) entityNames() string {
	names := make([]string, len(g.entities))
	for i, known := range g.entities {
		names[i] = known.name
	}
	return "['" + strings.Join(names, "', '") + "']"
}

// lookup returns the attribute of that name.
func lookup(columns []column, name string) (column, bool) {
	for _, c := range columns {
		if slices.Contains(c.names, name) {
			return c, true
		}
	}
	return column{}, false
}

func columnNames(columns []column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.names[0])
	}
	return fmt.Sprintf("{'%s'}", strings.Join(names, "', '"))
}

// listNames returns the names of the attributes that can be compared with lists.
func listNames(columns []column) string {
	var names []string
	for _, c := range columns {
		if c.ops.has(In) {
			names = append(names, c.names[0])
		}
	}
	return "['" + strings.Join(names, "', '") + "']"
}

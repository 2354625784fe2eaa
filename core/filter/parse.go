package filter

import (
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Bounds of a filter, so that reading one is always cheap.
const (
	mostBytes   = 64 << 10
	mostClauses = 100
	mostItems   = 1000 // of a list
)

// parser reads a filter by recursive descent:
//
//	filter = { "AND" | clause }
//	clause = identifier ( operator value | ["NOT"] "IN" list | "IS" ["NOT"] "NULL" )
//	list   = "(" text { "," text } ")"
//
// AND may be missing or stand anywhere, as in MLflow.
type parser struct {
	lexer
	source
	grammar grammar
}

// parseFilter reads a filter and adds what it implies.
func parseFilter(text string, g grammar) (Filter, error) {
	p := parser{lexer: lexer{text: text}, source: source{field: "filter", text: text}, grammar: g}
	if err := p.check(mostBytes); err != nil {
		return nil, err
	}
	f, err := p.filter()
	if err != nil {
		return nil, err
	}
	return g.implied(f), nil
}

func (p *parser) filter() (Filter, error) {
	if p.source.text == "" {
		return nil, nil
	}
	var f Filter
	count := 0
	for {
		t := p.peek()
		switch {
		case t.kind == endToken && len(f) == 0:
			return nil, p.fault(t, "Invalid filter '%s'. Could not be parsed.", show(p.source.text))
		case t.kind == endToken:
			return f, nil
		case t.is("AND"):
			p.next()
			continue
		case t.text == ";":
			return nil, p.semicolon()
		}
		c, err := p.clause()
		if err != nil {
			return nil, err
		}
		if p.grammar.prompts && c.hidesPrompts() {
			count-- // what is implied costs nothing, so that a filter's text can be read again
		}
		if count++; count > mostClauses {
			return nil, p.fault(t, "Invalid filter: it has more than %d clauses", mostClauses)
		}
		f = append(f, c)
	}
}

func (p *parser) semicolon() error {
	t := p.next()
	if p.peek().kind == endToken {
		return p.fault(t, "Invalid clause(s) in filter string: %s", t)
	}
	return p.fault(t, "Search filter contained multiple expression '%s'. Provide AND-ed expression list.", show(p.source.text))
}

func (p *parser) clause() (Clause, error) {
	id, ok := p.identifier()
	switch {
	case !ok && (id.kind == otherToken || id.kind == opToken):
		return Clause{}, p.fault(id.token, "Invalid clause(s) in filter string: %s", id.token)
	case !ok && id.kind == openToken:
		return Clause{}, p.fault(id.token, "Invalid clause(s) in filter string: %s. A quote does not close", id.token)
	case !ok:
		return Clause{}, p.fault(id.token, "Invalid comparison clause. Expected 'Identifier' found %s. "+
			"A key of digits alone, or with other characters than letters, digits, '_' and '.', must be quoted", id.token)
	case id.entity.kind == endToken && (id.is("OR") || id.is("NOT")):
		return Clause{}, p.fault(id.token, "Invalid clause(s) in filter string: %s. Only AND joins clauses", id.token)
	}
	c := Clause{Key: id.key, quotes: string(id.quote)}
	col, err := p.resolve(id, &c)
	if err != nil {
		return Clause{}, err
	}
	if c.Op, err = p.operator(id, c, col.ops); err != nil {
		return Clause{}, err
	}
	err = p.value(&c, col)
	return c, err
}

// resolve finds the entity and the canonical key, and what can be asked of them.
func (p *parser) resolve(id identifier, c *Clause) (column, error) {
	if id.entity.kind != endToken {
		entity, known := p.grammar.entity(id.entity)
		if !known {
			return column{}, p.fault(id.token, "Invalid entity type '%s'. Valid values are %s",
				show(id.entity.text), p.grammar.entityNames())
		}
		c.Entity = entity
	}
	switch c.Entity {
	case Metric:
		return column{class: numeric, ops: numbers}, nil
	case Param:
		return column{ops: p.grammar.params}, nil
	case TagEntity:
		return column{ops: p.grammar.tags}, nil
	case DatasetEntity:
		if !slices.Contains([]string{"name", "digest", "context"}, id.key) {
			return column{}, p.fault(id.token, "Invalid dataset key '%s' specified. Valid keys are {'name', 'digest', 'context'}",
				show(id.key))
		}
		return column{ops: texts | lists}, nil
	case Attribute:
	}
	col, known := lookup(p.grammar.filters, id.key)
	if !known || p.grammar.plainKeys && id.quote != bare {
		return column{}, p.fault(id.token, "Invalid attribute key '%s' specified. Valid keys are '%s'",
			show(id.key), columnNames(p.grammar.filters))
	}
	c.Key = col.names[0]
	return col, nil
}

// operator takes an operator and checks that the left side has it.
func (p *parser) operator(id identifier, c Clause, ops opSet) (Op, error) {
	t := p.next()
	switch t.kind {
	case opToken, wordToken:
	case endToken:
		return 0, p.fault(id.token, "Invalid clause(s) in filter string: %s", id.token)
	default:
		return 0, p.fault(t, "Invalid clause(s) in filter string: %s, %s", id.token, t)
	}
	op, known := p.spelled(&t)
	switch {
	case known && ops.has(op):
		return op, nil
	case known && nulls.has(op) && p.grammar.nullsOf == "":
		return 0, p.fault(t, "IS NULL / IS NOT NULL is not supported in a search of %s", p.grammar.kind)
	case known && nulls.has(op):
		return 0, p.fault(t, "IS NULL / IS NOT NULL is only supported for %s, not for '%s' '%s'",
			p.grammar.nullsOf, c.Entity, show(c.Key))
	case known && lists.has(op) && c.Entity == Attribute && ops.has(Like):
		return 0, p.fault(t, "Only %s attributes support comparison with a list of quoted string values",
			listNames(p.grammar.filters))
	}
	return 0, p.fault(t, "Invalid comparator '%s' not one of '%s'", show(t.text), ops)
}

// spelled returns the operator that begins with t. It adds the words that follow to t.
func (p *parser) spelled(t *token) (Op, bool) {
	word := strings.ToUpper(t.text)
	more := func(words ...string) bool {
		if next := p.peek(); next.kind == wordToken && slices.Contains(words, strings.ToUpper(next.text)) {
			p.next()
			t.text += " " + next.text
			word += " " + strings.ToUpper(next.text)
			return true
		}
		return false
	}
	switch word {
	case "NOT":
		more("IN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "BETWEEN")
	case "IS":
		_ = more("NULL") || more("NOT") && more("NULL")
	}
	for op := Equal; op <= IsNotNull; op++ {
		if op.String() == word {
			return op, true
		}
	}
	return 0, false
}

// implied adds the clause that hides prompts, unless the filter asks for them or has it already.
func (g grammar) implied(f Filter) Filter {
	hide := Clause{Entity: TagEntity, Key: core.PromptTag, Op: NotEqual, Value: Text("true")}
	if !g.prompts || slices.ContainsFunc(f, Clause.wantsPrompts) || slices.ContainsFunc(f, Clause.hidesPrompts) {
		return f
	}
	return append(f, hide)
}

func (c Clause) wantsPrompts() bool {
	return c.onPrompts(Equal, "true") || c.onPrompts(NotEqual, "false")
}
func (c Clause) hidesPrompts() bool { return c.onPrompts(NotEqual, "true") }

func (c Clause) onPrompts(op Op, value string) bool {
	return c.Entity == TagEntity && c.Key == core.PromptTag && c.Op == op && c.Value == Value(Text(value))
}

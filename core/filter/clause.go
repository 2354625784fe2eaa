package filter

// Filter is a conjunction of clauses; empty matches everything.
type Filter []Clause

// Clause is one comparison.
type Clause struct {
	Entity Entity
	Key    string // an attribute's canonical name, or the key of a metric, param or tag
	Op     Op
	Value  Value // as Op and Entity ask for: never nil

	quotes string // how key and texts were quoted, so that String reads back as the same clause
}

// Entity is what a clause or an order looks at.
type Entity int

// The entities.
const (
	Attribute Entity = iota
	Metric
	Param
	TagEntity
	DatasetEntity
)

// Op is an operator.
type Op int

// The operators.
const (
	Equal Op = iota
	NotEqual
	Greater
	GreaterOrEqual
	Less
	LessOrEqual
	Like  // % is any run of characters, _ one code point; case-sensitive; there is no escape
	ILike // Like without regard to case (Unicode simple folding)
	In
	NotIn
	IsNull
	IsNotNull
)

// Value is what a clause compares with: Text, Number, Integer, List or Null.
type Value interface{ isValue() }

// Text is a quoted literal without its quotes.
type Text string

// Number is a numeric literal, for metrics.
type Number float64

// Integer is the literal of a numeric attribute.
type Integer int64

// List is the list of In and NotIn: at least one item.
type List []string

// Null is the value of IsNull and IsNotNull.
type Null struct{}

func (Text) isValue()    {}
func (Number) isValue()  {}
func (Integer) isValue() {}
func (List) isValue()    {}
func (Null) isValue()    {}

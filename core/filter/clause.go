package filter

// Filter is a conjunction of clauses; empty matches everything.
type Filter []Clause

// Clause is one comparison. Clauses are independent of each other: two on one key may be met by different datasets of a
// run. A clause on a metric, param, tag or time that an item does not have is not met, whatever its operator, but IsNull.
type Clause struct {
	Entity Entity
	Key    string // an attribute's canonical name, such as start_time for Created, or the key of a metric, param or tag
	Op     Op
	Value  Value // never nil

	quotes string // how the key and the texts were quoted, so that String reads back as the same clause
}

// Entity is what a clause or a key of an order looks at.
type Entity int

// The entities.
const (
	Attribute Entity = iota // a field of the item itself
	Metric                  // of a run the latest value, of a logged model the latest on the query's datasets
	Param
	TagEntity
	DatasetEntity // name, digest or context of any dataset that a run read
)

func (e Entity) String() string {
	names := [...]string{"attribute", "metric", "parameter", "tag", "dataset"}
	if e < 0 || int(e) >= len(names) {
		return "unknown entity"
	}
	return names[e]
}

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
	Like  // % is any run of characters, _ one code point; case-sensitive; nothing escapes them
	ILike // Like without regard to case (Unicode simple folding)
	In
	NotIn
	IsNull
	IsNotNull
)

func (o Op) String() string {
	names := [...]string{"=", "!=", ">", ">=", "<", "<=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"}
	if o < 0 || int(o) >= len(names) {
		return "unknown operator"
	}
	return names[o]
}

// Value is what a clause compares with:
//
//	Text     = != LIKE ILIKE on params, tags, datasets and text attributes
//	Number   = != > >= < <= on metrics; on times of runs and logged models where the literal has a fraction
//	Integer  = != > >= < <= on numeric attributes
//	List     IN, NOT IN
//	Null     IS NULL, IS NOT NULL
type Value interface{ isValue() }

// Text is a quoted literal without its quotes, otherwise as it was written: nothing is unescaped.
type Text string

// Number is a finite number.
type Number float64

// Integer is the literal of a numeric attribute.
type Integer int64

// List holds the items of In and NotIn, at least one.
type List []string

// Null is the value of IsNull and IsNotNull.
type Null struct{}

func (Text) isValue()    {}
func (Number) isValue()  {}
func (Integer) isValue() {}
func (List) isValue()    {}
func (Null) isValue()    {}

package core

// Abler is the hook through which a store or a decorator answers for its optional abilities. Ability reports whether the
// store has the ability that target, a non-nil pointer to an interface, asks for, and if so stores it there, in the
// manner of errors.As. A store without the hook has the abilities that its type implements.
//
// A decorator passes an ability on only when it decides to: a read-only wrapper does not answer for Purger.
type Abler interface {
	Ability(target any) bool
}

// As finds the ability T of a store: an optional interface such as Lineage or Stages. Nothing is unwrapped: a store that
// has the hook Abler alone decides.
func As[T any](s Store) (T, bool) {
	var target T
	if s == nil {
		return target, false
	}
	if hook, ok := s.(Abler); ok {
		if hook.Ability(&target) {
			return target, true
		}
		var none T
		return none, false
	}
	target, ok := s.(T)
	return target, ok
}

// Provide serves as the body of most Ability hooks: it fills target from from when from implements the interface that
// target points to, and reports whether it did.
func Provide[T any](target any, from T) bool {
	slot, ok := target.(*T)
	if ok {
		*slot = from
	}
	return ok
}

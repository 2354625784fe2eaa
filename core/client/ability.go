package client

import (
	"reflect"

	"github.com/mlstore/mlstore/core"
)

// PassAbility is the body of the Ability hook of a decorator that passes the optional interfaces of inner on: it stores
// the ability that target asks for there if inner has it. An interface with Close is a store, not an ability, and is not
// passed on: nobody shall get past the decorator.
func PassAbility(target any, inner core.Store) bool {
	slot := reflect.ValueOf(target)
	if inner == nil || slot.Kind() != reflect.Pointer || slot.IsNil() || slot.Elem().Kind() != reflect.Interface {
		return false
	}
	wanted := slot.Type().Elem()
	if _, store := wanted.MethodByName("Close"); store {
		return false
	}
	if hook, ok := inner.(core.Abler); ok {
		return hook.Ability(target)
	}
	if !reflect.TypeOf(inner).Implements(wanted) {
		return false
	}
	slot.Elem().Set(reflect.ValueOf(inner))
	return true
}

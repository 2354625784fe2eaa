// Package fault makes stores, and the way to them, misbehave on request.
//
// A Rig is on the side of the store: it answers calls about things with certain names (Word) with the error, the panic or
// the delay that the name asks for, so that one can see what a transport makes of it. A Path is on the side of the caller:
// it loses, breaks and delays calls. Neither is for anything but tests.
package fault

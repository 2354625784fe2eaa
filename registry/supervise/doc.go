// Package supervise runs plugins: it starts their programs, watches them, starts them again and stops them.
//
// A Supervisor has one process for each program (its digest, its arguments and the variables that it sees), however many
// stores are open in it, and starts it when the first one is opened. A process that crashes or freezes is started again by
// the next call, after a pause that grows, and the stores that were open are opened in it anew; what crashes again and
// again is left alone for a while. A call that only reads is made once more by itself; so is one that changes, where it may
// be repeated; of the others the error says that the outcome is unknown.
//
// A plugin can neither take its host down nor hang it. Every wait has an end (Timing), what it prints is read by our own
// code, and it sees only the variables that were granted to it. When the host goes, so does the plugin: it holds the other
// end of a pipe that breaks.
//
// On Linux the bytes that were verified are the bytes that are executed. Elsewhere the file is looked at before and after the
// start, which somebody who runs under the same user could get around. Of a script the pin covers the script, and not its
// interpreter.
package supervise

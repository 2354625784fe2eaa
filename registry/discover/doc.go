// Package discover finds plugins on disk, and installs, verifies and removes them. It never runs one.
//
// A plugin is a program `mlstore-plugin-NAME` with its manifest `mlstore-plugin-NAME.json` beside it. Folders are searched in
// order, as Dirs lists them; $PATH and the working directory never are. A folder may also hold a lock file, which pins what
// was installed to its digest, and a settings file, which says whose a scheme is when several plugins serve it.
//
// A plugin that cannot be trusted or read is listed with the reason; the others work.
package discover

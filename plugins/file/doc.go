// Package file keeps experiments, artifacts and registered models in folders, in the layout that MLflow's file stores use:
// MLflow 1, 2 and 3 read and write what this package does, and the other way round.
//
// # Tracking
//
// A [Tracking] store is an `mlruns` folder. Beside MLflow's files it keeps a folder .mlstore.trash, which no version of
// MLflow takes for an experiment: it holds journals of changes that are not yet flushed, runs that are being made, and the
// index. MLflow passes over three fields that are ours: mlstore_order in the meta.yaml of inputs and outputs, and
// mlstore_request in that of a run.
//
// Durability. Acknowledged means flushed. A point of a metric that has some already is one append and one flush of that
// file. Everything else is one record, appended to the journal of the run, experiment or logged model and flushed, and then
// carried out on its files, which are flushed in the background within a second. Who finds a record whose writer has died
// carries it out first; after a restart of the machine all records are carried out again. So a change is all or nothing for
// every process that uses this package, at every moment and after every crash. MLflow reads the files one by one and may see
// a part of it for a moment. With [Relaxed] nothing waits for a flush: a loss of power may then take the last second with it,
// the end of the process still nothing.
//
// Several processes. Each run, experiment and logged model is locked by flock on its own folder, which frees itself when a
// process ends, so that nothing stale is left; the names of experiments are guarded by the lock of the root. Locks are taken
// in the order root, experiment, run, logged model. MLflow takes no locks. Its appends and ours do not mix, since both are
// single writes at the end of the file; its writes of meta.yaml, params and tags, which are in place, are read again if they
// are seen half done. Network file systems without flock are not supported.
//
// The index. What was read is kept in memory and, when a search has read many runs, in the hidden folder for the next
// process. It is never believed without asking the file system: a file or folder counts as known only while device, inode,
// size, modification and change time are those that it was read with, and only if it had last changed 100 ms or more before
// it was read, since the clock behind those times ticks slowly. The change time moves with every write, also with one that
// keeps the size and sets the modification time back, so that no writer, MLflow or other, can make the store show what was.
// (A metric file that has only grown, and whose end is where it was, is read from there on.)
//
// A search looks first at the part of each run that its filter and order name, one stat for meta.yaml and each key, and then
// at the whole of the runs on the page, one stat for each of their files and folders: about 2 µs each. A search of 10,000
// runs by one metric takes 20,000 stats and some for the page. Without an index each run takes about 15 more system calls.
// In memory a run takes some 100 bytes and as much again for each of its files that was read.
//
// History. A page of a history costs reading the file once, and the pages after it nothing as long as the file stays as it
// was. Points take 32 bytes each in memory; all histories together that are kept take 64 MiB at most. A longer history than
// that is read once for each page, and takes the memory of two pages.
//
// Keys. The file of a metric, param or tag has the name of the key. Where that cannot be, it gets a suffix, and MLflow shows
// the key with it: of the keys "a" and "a/b" the one that comes second is kept as a.mlstore-file or a.mlstore-dir/b, and a
// name of more than 242 bytes is cut into folders. What MLflow reads of a point with a dataset differs, too: it takes the
// step for 0, and a dataset's name with a space in it, which would break its reading, is escaped.
//
// Broken folders. A run or experiment whose meta.yaml is missing, empty or garbled, whose ids are not those of its folders,
// or whose files cannot be read is left out of searches and told to Report; asked for directly it is ErrDataLoss, with the
// path. A last line of a metric file without its end was never acknowledged and is passed over; the next point takes it off.
// [Tracking.Check] lists everything of the kind.
//
// Windows has no flock for folders and no way to flush them: there one process at a time may use a store.
package file

package file

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// A journal makes a change of several files one change. It belongs to one run or experiment, and whoever holds the lock of
// that folder uses it: a change is appended to the journal as one record and flushed, and is then durable; it is applied to
// the files, which are not flushed; and how far the journal has been applied is noted in its head. A checkpoint flushes the
// files later and removes the journal.
//
//   - A process that finds a record beyond what has been applied knows that its writer has died, since it has the lock, and
//     applies it.
//   - The head also names the start of the machine. After another start nothing that was not flushed is sure to be there,
//     so that all records are applied again.
//   - A record that is not whole was never acknowledged and counts for nothing.
//
// Applying a record again changes nothing: points that are there are left out, files are replaced.
const (
	journalMagic = "mlstore journal 1\n"
	headSize     = 128
	appliedAt    = len(journalMagic)
	bootAt       = appliedAt + 8
	maxRecord    = 1 << 30
)

// opKind is what one step of a record does.
type opKind byte

const (
	opWrite  opKind = 'w' // gives a file new content
	opPoints opKind = 'p' // appends lines to a metric file
	opRemove opKind = 'r' // removes a file
	opMkdir  opKind = 'm' // makes a folder
	opCreate opKind = 'c' // the steps that follow fill a new run, which appears as a whole
	opDelete opKind = 'd' // deletes the experiment with its runs, at the time in data
	opRevive opKind = 'v' // restores it
)

// op is one step. Its path is seen from the folder of the journal's run or experiment; opUp begins one that is seen from the
// run's experiment.
type op struct {
	kind opKind
	path string
	data []byte
}

const opUp = "../"

// record is one change.
type record struct {
	experiment core.ExperimentID
	ops        []op
}

func (r record) bytes() []byte {
	size := 64
	for _, o := range r.ops {
		size += len(o.path) + len(o.data) + 16
	}
	b := make([]byte, 8, size)
	b = appendField(b, []byte(r.experiment))
	for _, o := range r.ops {
		b = append(b, byte(o.kind))
		b = appendField(b, []byte(o.path))
		b = appendField(b, o.data)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-8))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func appendField(b, field []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(field))), field...)
}

func parseRecord(body []byte) (record, bool) {
	ok := true
	field := func() []byte {
		n, used := binary.Uvarint(body)
		if used <= 0 || n > uint64(len(body)-used) {
			ok = false
			return nil
		}
		value := body[used : used+int(n)]
		body = body[used+int(n):]
		return value
	}
	r := record{experiment: core.ExperimentID(field())}
	for ok && len(body) > 0 {
		kind := opKind(body[0])
		body = body[1:]
		r.ops = append(r.ops, op{kind: kind, path: string(field()), data: field()})
	}
	return r, ok
}

// journal is an open journal. The lock of its run or experiment is held.
type journal struct {
	file    *os.File
	size    int64 // end of the last whole record
	applied int64
	stale   bool // it was written before the machine's last start
}

// openJournal opens the journal name in the folder dir. With create it is made if needed; without, an absent one is nil.
func openJournal(dir *folder, name, boot string, create bool) (*journal, error) {
	file, info, err := dir.open(name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, nil //nolint:nilnil // no journal is the usual case
		}
		file, info, err = dir.open(name, os.O_RDWR|os.O_CREATE)
	}
	if err != nil {
		return nil, ioError("open", dir.path+"/"+name, err)
	}
	j := &journal{file: file}
	if err := j.readHead(info.Size(), boot, create); err != nil {
		_ = file.Close()
		return nil, ioError("read", dir.path+"/"+name, err)
	}
	return j, nil
}

func (j *journal) readHead(size int64, boot string, create bool) error {
	head := make([]byte, headSize)
	n, err := j.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < headSize || !strings.HasPrefix(string(head), journalMagic) {
		// Its first record was never whole: a journal begins with head and record in one write, flushed at once.
		if create {
			if err := j.file.Truncate(0); err != nil {
				return err
			}
		}
		return nil
	}
	j.applied = int64(binary.LittleEndian.Uint64(head[appliedAt:]))
	j.size = size
	j.stale = boot == "" || strings.TrimRight(string(head[bootAt:]), "\x00") != boot
	return nil
}

// pending reports whether there are records to apply: none in the usual case.
func (j *journal) pending() bool { return j.size > 0 && (j.stale || j.applied < j.size) }

func (j *journal) head(boot string) []byte {
	head := make([]byte, headSize)
	copy(head, journalMagic)
	binary.LittleEndian.PutUint64(head[appliedAt:], uint64(j.applied))
	copy(head[bootAt:], boot)
	return head
}

// append adds a record and, with sync, flushes it. After an error without core.OutcomeUnknown the record is not there.
func (j *journal) append(r record, boot string, sync bool) error {
	data, at := r.bytes(), j.size
	if at == 0 {
		j.applied = headSize
		data, at = append(j.head(boot), data...), 0
	}
	_, err := j.file.WriteAt(data, at)
	if err != nil {
		return j.takeBack(err, at)
	}
	if sync {
		if err := j.file.Sync(); err != nil {
			// What the disk has of the record is unknown. It is cut off, but that may not reach the disk either.
			return disk.Unsure(j.takeBack(err, at))
		}
	}
	j.size = at + int64(len(data))
	return nil
}

// takeBack removes a record that was not written whole.
func (j *journal) takeBack(err error, at int64) error {
	err = ioError("write", "journal", err)
	if j.file.Truncate(at) != nil {
		return disk.Unsure(err)
	}
	return err
}

// done notes that everything up to the end has been applied. It need not survive a restart of the machine, nor need it
// succeed: a record that has been applied may be applied again.
func (j *journal) done(boot string) {
	j.applied, j.stale = j.size, false
	_, _ = j.file.WriteAt(j.head(boot), 0)
}

// drop removes the records from a place on.
func (j *journal) drop(from int64) error {
	if from <= headSize {
		from = 0
	}
	if err := j.file.Truncate(from); err != nil {
		return ioError("write", "journal", err)
	}
	j.size = from
	return nil
}

// records returns the whole records from a place on, and where the last of them ends.
func (j *journal) records(from int64) ([]record, int64, error) {
	from = max(from, headSize)
	data := make([]byte, max(j.size-from, 0))
	if _, err := io.ReadFull(io.NewSectionReader(j.file, from, int64(len(data))), data); err != nil {
		return nil, 0, ioError("read", "journal", err)
	}
	var all []record
	for len(data) >= 8 {
		n := int64(binary.LittleEndian.Uint32(data))
		if n > maxRecord || n > int64(len(data)-8) {
			break
		}
		body := data[8 : 8+n]
		if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(data[4:]) {
			break
		}
		r, ok := parseRecord(body)
		if !ok {
			break
		}
		all = append(all, r)
		data, from = data[8+n:], from+8+n
	}
	return all, from, nil
}

func (j *journal) close() { _ = j.file.Close() }

package file

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// The index of an experiment is what a process has read of its runs, for the next process: for each file its content, in
// short, with the stamp by which it is known to be as it was. It is never believed without looking at the stamps, so that it
// may be old or missing; one that is garbled is passed over. Only states that are firm go into it.
//
// It is a file of its own, replaced as a whole and not flushed: the checksum tells one that a crash has cut short.
const (
	indexMagic = "mlstore index 1\n"

	// An index is written when at least so many runs were read, and that many of all runs: one of 16.
	indexLeast, indexPart = 64, 16
)

// packer writes an index.
type packer struct {
	b          []byte
	ino, mtime uint64 // of the state before: the next differs little
}

func (p *packer) number(n uint64) { p.b = binary.AppendUvarint(p.b, n) }
func (p *packer) signed(n int64)  { p.b = binary.AppendVarint(p.b, n) }
func (p *packer) text(s string) {
	p.number(uint64(len(s)))
	p.b = append(p.b, s...)
}

func (p *packer) stamp(s stamp) {
	p.signed(int64(s.Ino - p.ino))
	p.signed(int64(uint64(s.Mtime) - p.mtime))
	p.signed(s.Ctime - s.Mtime)
	p.number(uint64(s.Size))
	p.ino, p.mtime = s.Ino, uint64(s.Mtime)
}

func (p *packer) run(r *run) {
	p.text(string(r.id))
	p.stamp(r.meta.at)
	i := r.info
	p.text(i.Name)
	p.text(i.User)
	p.text(i.ArtifactURI)
	p.number(uint64(i.Status))
	p.signed(int64(i.StartTime))
	p.signed(int64(i.EndTime))
	p.signed(int64(i.DeletedAt))
	p.text(string(i.Lifecycle))
	for _, s := range r.allShelves() {
		p.shelf(s)
	}
}

func (r *run) allShelves() []*shelf {
	return []*shelf{&r.metrics, &r.params, &r.tags, &r.inputs, &r.outputs}
}

// shelf writes a shelf: 0 for one that is not known, else its folders and then its files.
func (p *packer) shelf(s *shelf) {
	if !s.listed || len(s.dirs) == 0 || len(s.odd) > 0 || !allFirm(s.dirs) {
		p.number(0)
		return
	}
	p.number(uint64(len(s.dirs)))
	for _, d := range s.dirs {
		p.text(d.path)
		p.stamp(d.at)
	}
	p.number(uint64(len(s.items)))
	for key, i := range s.items {
		p.text(key)
		p.text(strings.TrimPrefix(i.path, s.name+"/"))
		const largest = 4 << 10
		known := i.read && i.firm && i.err == nil && len(i.text) <= largest
		if !known {
			p.number(0)
			continue
		}
		p.number(uint64(len(i.latest)) + 1)
		p.stamp(i.at)
		if s.holds == texts {
			p.text(i.text)
			continue
		}
		p.number(uint64(i.ended))
		p.text(i.tail)
		for _, m := range i.latest {
			p.number(math.Float64bits(m.Value))
			p.signed(int64(m.Timestamp))
			p.signed(m.Step)
			p.text(m.DatasetName)
			p.text(m.DatasetDigest)
		}
	}
}

func allFirm(all []state) bool {
	for _, s := range all {
		if !s.firm {
			return false
		}
	}
	return true
}

// unpacker reads an index. Once something is garbled everything else is empty.
type unpacker struct {
	s          string
	dev        uint64
	ino, mtime uint64
	bad        bool
}

func (u *unpacker) number() uint64 {
	n, shift := uint64(0), 0
	for i := 0; i < len(u.s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(u.s[i]&0x7f) << shift
		if u.s[i] < 0x80 {
			u.s = u.s[i+1:]
			return n
		}
		shift += 7
	}
	u.bad, u.s = true, ""
	return 0
}

func (u *unpacker) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) text() string {
	n := u.number()
	if n > uint64(len(u.s)) {
		u.bad, u.s = true, ""
		return ""
	}
	text := u.s[:n]
	u.s = u.s[n:]
	return text
}

func (u *unpacker) stamp() stamp {
	u.ino += uint64(u.signed())
	u.mtime += uint64(u.signed())
	s := stamp{Dev: u.dev, Ino: u.ino, Mtime: int64(u.mtime)}
	s.Ctime = s.Mtime + u.signed()
	s.Size = int64(u.number())
	if s.Ino == 0 {
		return stamp{}
	}
	return s
}

// count is a number of things that follow: each has a byte at least.
func (u *unpacker) count() int {
	n := u.number()
	if n > uint64(len(u.s)) {
		u.bad, u.s = true, ""
		return 0
	}
	return int(n)
}

func (u *unpacker) run(r *run) {
	r.meta = metaState{at: u.stamp(), firm: true}
	r.info = core.RunInfo{
		ID: r.id, ExperimentID: r.in, Name: u.text(), User: u.text(), ArtifactURI: u.text(),
		Status: core.RunStatus(u.number()), StartTime: core.Millis(u.signed()), EndTime: core.Millis(u.signed()),
		DeletedAt: core.Millis(u.signed()), Lifecycle: core.Lifecycle(u.text()),
	}
	for _, s := range r.allShelves() {
		u.shelf(s)
	}
}

func (u *unpacker) shelf(s *shelf) {
	folders := u.count()
	if folders == 0 {
		return
	}
	s.listed, s.paths = true, make(map[string]bool, folders)
	s.dirs = make([]state, 0, folders)
	for range folders {
		d := state{path: u.text(), at: u.stamp(), firm: true}
		s.dirs = append(s.dirs, d)
		if d.path != s.name {
			s.paths[d.path] = true
		}
	}
	items := u.count()
	s.items = make(map[string]*item, items)
	for range items {
		key, p := u.text(), u.text()
		full := s.name + "/" + p
		s.items[key], s.paths[full] = u.item(s, key, full), false
	}
}

func (u *unpacker) item(s *shelf, key, full string) *item {
	i := &item{state: state{path: full}}
	points := u.number()
	if points == 0 {
		return i
	}
	i.read, i.firm, i.at = true, true, u.stamp()
	if s.holds == texts {
		i.text = u.text()
		return i
	}
	i.ended, i.tail = int64(u.number()), u.text()
	for range min(points-1, uint64(len(u.s))) {
		i.latest = append(i.latest, core.RunMetric{Metric: core.Metric{
			Key: key, Value: math.Float64frombits(u.number()), Timestamp: core.Millis(u.signed()), Step: u.signed(),
			DatasetName: u.text(), DatasetDigest: u.text(),
		}})
	}
	return i
}

// saveIndex writes the index of an experiment. It is only of use: an error is none.
func (t *Tracking) saveIndex(id core.ExperimentID, runs []*run) {
	if t.options.ReadOnly {
		return
	}
	dir, err := t.store.folder(indexName, true)
	if err != nil {
		return
	}
	p := packer{b: make([]byte, len(indexMagic)+4, 256*len(runs)+64)}
	copy(p.b, indexMagic)
	first := true
	for _, r := range runs {
		select {
		case r.gate <- struct{}{}:
		default:
			continue // in use: others will know
		}
		if r.meta.firm && r.meta.err == nil && !r.meta.at.absent() {
			if first {
				p.number(r.meta.at.Dev)
				first = false
			}
			p.run(r)
		}
		r.gate.leave()
	}
	if first {
		return
	}
	binary.LittleEndian.PutUint32(p.b[len(indexMagic):], crc32.ChecksumIEEE(p.b[len(indexMagic)+4:]))
	_ = dir.replace(string(id), p.b)
}

// loadIndex takes what the index of an experiment says of the runs that nothing is known of yet.
func (t *Tracking) loadIndex(e *experiment) {
	dir, err := t.store.folder(indexName, false)
	if dir == nil || err != nil {
		return
	}
	const largest = 1 << 30
	data, _, err := dir.read(string(e.id), largest)
	head := len(indexMagic) + 4
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || len(data) < head || string(data[:len(indexMagic)]) != indexMagic ||
		binary.LittleEndian.Uint32(data[len(indexMagic):]) != crc32.ChecksumIEEE(data[head:]) {
		return
	}
	u := unpacker{s: string(data[head:])}
	u.dev = u.number()
	for u.s != "" {
		id := core.RunID(u.text())
		r := newRun(t, id, e.id, e.base+"/"+string(id))
		u.run(r)
		if u.bad || core.CheckRunID(id) != nil {
			return
		}
		t.adopt(r)
	}
}

// adopt takes a run that was read from an index for known, unless it is known already.
func (t *Tracking) adopt(r *run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.runs[r.id] == nil {
		t.runs[r.id] = r
	}
}

// sweepIndex removes what a dead writer of an index has left.
func (t *Tracking) sweepIndex() error {
	dir, err := t.store.folder(indexName, false)
	if dir == nil || err != nil {
		return err
	}
	entries, err := dir.list(".")
	if err != nil {
		return ioError("list", dir.path, err)
	}
	for _, entry := range entries {
		info, err := dir.root.Lstat(entry.Name())
		if err == nil && strings.HasPrefix(entry.Name(), tempPrefix) && time.Since(info.ModTime()) > time.Minute {
			if err := dir.root.Remove(entry.Name()); err != nil && !absent(err) {
				return ioError("sweep", dir.path, err)
			}
		}
	}
	return nil
}

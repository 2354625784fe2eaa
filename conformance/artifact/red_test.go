package artifact_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/conformance/mutants"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// bent is a repository of which something is wrong: what is not nil stands instead of the method.
type bent struct {
	core.ArtifactRepository
	put  func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error)
	open func(ctx context.Context, below core.ArtifactRepository, path string, o core.ReadOptions) (io.ReadCloser, error)
	stat func(ctx context.Context, below core.ArtifactRepository, path string) (core.Artifact, error)
}

func (b bent) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if b.put == nil {
		return b.ArtifactRepository.Put(ctx, path, r, o)
	}
	return b.put(ctx, b.ArtifactRepository, path, r, o)
}

func (b bent) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if b.open == nil {
		return b.ArtifactRepository.Open(ctx, path, o)
	}
	return b.open(ctx, b.ArtifactRepository, path, o)
}

func (b bent) Stat(ctx context.Context, path string) (core.Artifact, error) {
	if b.stat == nil {
		return b.ArtifactRepository.Stat(ctx, path)
	}
	return b.stat(ctx, b.ArtifactRepository, path)
}

// alone is a harness of one repository, through one handle.
func alone(s func() core.ArtifactRepository) artifact.Harness {
	return artifact.Harness{Open: func(conformance.T) core.ArtifactRepository { return s() }}
}

// Cases that no mutant of package mutants breaks fail on these.
func TestBentRepositoriesFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id  string
		how bent
	}{
		"a text is given its line ends": {"AR-019", bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
			content, err := io.ReadAll(r)
			if err != nil {
				return core.Artifact{}, err
			}
			if strings.HasPrefix(o.ContentType, "text/") {
				content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
			}
			return below.Put(ctx, path, bytes.NewReader(content), o)
		}}},
		"the same twice is a conflict": {"AR-087", bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
			if a, err := below.Stat(ctx, path); err == nil && !a.Dir {
				return core.Artifact{}, core.Exists("artifact", path)
			}
			return below.Put(ctx, path, r, o)
		}}},
		"the digest of the first MiB": {"AR-100", bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
			content, err := io.ReadAll(r)
			if err != nil {
				return core.Artifact{}, err
			}
			a, err := below.Put(ctx, path, bytes.NewReader(content), o)
			sum := sha256.Sum256(content[:min(len(content), 1<<20)])
			a.SHA256 = hex.EncodeToString(sum[:])
			return a, err
		}}},
		"Stat makes a digest up": {"AR-100", bent{stat: func(ctx context.Context, below core.ArtifactRepository, path string) (core.Artifact, error) {
			a, err := below.Stat(ctx, path)
			if a.Size > 4<<10 {
				a.SHA256 = strings.Repeat("0", 64)
			}
			return a, err
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := alone(func() core.ArtifactRepository {
				s := tt.how
				s.ArtifactRepository = mem.NewArtifacts()
				return s
			})
			if fault := mutants.Dies(t.Context(), artifact.Suite(), h, tt.id); fault != "" {
				t.Error(fault)
			}
		})
	}
}

// badPath is a way to the store that breaks as asked, but in a way that the store makes worse.
type badPath struct {
	*fault.Path
	armed atomic.Value // of conformance.Fault
}

func (p *badPath) Break(f conformance.Fault) bool {
	p.armed.Store(f)
	return true
}

func (p *badPath) Heal() { p.armed.Store(conformance.Fault("")) }

// hit reports whether the fault is armed, and disarms it.
func (p *badPath) hit(f conformance.Fault) bool {
	return p.armed.CompareAndSwap(f, conformance.Fault(""))
}

func TestBadPathsFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id  string
		how func(*badPath) bent
	}{
		"the half is published": {"AR-088", func(p *badPath) bent {
			return bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
				if p.hit(conformance.Reset) {
					_, _ = below.Put(ctx, path, io.LimitReader(r, 1000), o)
					return core.Artifact{}, core.Errorf(core.Unavailable, "the connection broke")
				}
				return below.Put(ctx, path, r, o)
			}}
		}},
		"the half is a success": {"AR-088", func(p *badPath) bent {
			return bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
				if p.hit(conformance.Reset) {
					r = io.LimitReader(r, 1000)
				}
				return below.Put(ctx, path, r, o)
			}}
		}},
		"nothing done, says who did it": {"AR-115", func(p *badPath) bent {
			return bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
				a, err := below.Put(ctx, path, r, o)
				if p.hit(conformance.LoseReply) {
					return core.Artifact{}, core.Errorf(core.Unavailable, "the connection broke")
				}
				return a, err
			}}
		}},
		"the half is read": {"AR-089", func(p *badPath) bent {
			return bent{open: func(ctx context.Context, below core.ArtifactRepository, path string, o core.ReadOptions) (io.ReadCloser, error) {
				r, err := below.Open(ctx, path, o)
				if err == nil && p.hit(conformance.Reset) {
					return struct {
						io.Reader
						io.Closer
					}{io.LimitReader(r, 1000), r}, nil
				}
				return r, err
			}}
		}},
		"other bytes are written": {"AR-090", func(p *badPath) bent {
			return bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
				if p.hit(conformance.Corrupt) {
					r = io.MultiReader(strings.NewReader("!"), r)
				}
				return below.Put(ctx, path, r, o)
			}}
		}},
		"other bytes are read": {"AR-090", func(p *badPath) bent {
			return bent{
				put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
					if p.hit(conformance.Corrupt) {
						return core.Artifact{}, core.Errorf(core.DataLoss, "the digest differs")
					}
					return below.Put(ctx, path, r, o)
				},
				open: func(ctx context.Context, below core.ArtifactRepository, path string, o core.ReadOptions) (io.ReadCloser, error) {
					r, err := below.Open(ctx, path, o)
					if err == nil && p.hit(conformance.Corrupt) {
						return io.NopCloser(strings.NewReader("other bytes")), r.Close()
					}
					return r, err
				},
			}
		}},
		"a loss that is a success": {"AR-103", func(p *badPath) bent {
			return bent{put: func(ctx context.Context, below core.ArtifactRepository, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
				if p.hit(conformance.LoseRequest) {
					return core.Artifact{Path: path}, nil
				}
				return below.Put(ctx, path, r, o)
			}}
		}},
		"waits for ever": {"AR-091", func(p *badPath) bent {
			return bent{stat: func(ctx context.Context, below core.ArtifactRepository, path string) (core.Artifact, error) {
				for p.armed.Load() == conformance.Stall {
					if err := context.WithoutCancel(ctx).Err(); err != nil {
						return core.Artifact{}, err
					}
				}
				return below.Stat(ctx, path)
			}}
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := reference.Artifacts()
			good := h.Faults
			h.Faults = func(t conformance.T, first core.ArtifactRepository) (core.ArtifactRepository, conformance.Faults) {
				s, _ := good(t, first)
				p := &badPath{}
				how := tt.how(p)
				how.ArtifactRepository = s
				return how, p
			}
			if fault := mutants.Dies(t.Context(), artifact.Suite(), h, tt.id); fault != "" {
				t.Error(fault)
			}
		})
	}
}

func TestReadOnlyThatWritesFails(t *testing.T) {
	t.Parallel()
	h := reference.Artifacts()
	h.ReadOnly = h.Second
	if fault := mutants.Dies(t.Context(), artifact.Suite(), h, "AR-092"); fault != "" {
		t.Error(fault)
	}
}

// reaching has the ability to transfer local files. Its flaw is what is wrong with it.
type reaching struct {
	*mem.Artifacts
	flaw string
}

func (r reaching) Describe(ctx context.Context) (core.Info, error) {
	info, err := r.Artifacts.Describe(ctx)
	info.Capabilities = core.CapabilitiesOf(r, info.Capabilities...)
	return info, err
}

func (r reaching) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	info, err := from.Stat()
	if err != nil {
		return core.Artifact{}, core.Do("put file", path, err)
	}
	if r.flaw == "does not reach" {
		return core.Artifact{}, core.Errorf(core.Unimplemented, "the file is elsewhere")
	}
	if r.flaw == "from where it stands" {
		return r.Put(ctx, path, from, o)
	}
	if r.flaw == "heeds no options" {
		o = core.PutOptions{}
	}
	return r.Put(ctx, path, io.NewSectionReader(from, 0, info.Size()), o)
}

func (r reaching) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	if r.flaw == "does not reach" {
		return core.Artifact{}, core.Errorf(core.Unimplemented, "the file is elsewhere")
	}
	a, err := r.Stat(ctx, path)
	if r.flaw == "no errors" && err != nil {
		return core.Artifact{}, nil //nolint:nilerr // this is the flaw
	}
	if err != nil {
		return a, err
	}
	body, err := r.Open(ctx, path, core.ReadOptions{})
	if err != nil {
		return a, err
	}
	n := a.Size
	if r.flaw == "half" {
		n /= 2
	}
	_, err = io.CopyN(to, body, n)
	return a, core.Do("get file", path, errors.Join(err, body.Close()))
}

func TestPathTransfer(t *testing.T) {
	t.Parallel()
	transfer := []string{"AR-113", "AR-114"}
	for _, flaw := range []string{"", "does not reach"} {
		h := alone(func() core.ArtifactRepository { return reaching{mem.NewArtifacts(), flaw} })
		r := conformance.Run(t.Context(), artifact.Suite(), h, conformance.Options{Only: transfer})
		if r.Count(conformance.Pass) != 2 {
			t.Errorf("a store %q: %s %v", flaw, r.Summary(), r.Failures())
		}
	}
	for flaw, id := range map[string]string{
		"from where it stands": "AR-113", "heeds no options": "AR-113", "half": "AR-114", "no errors": "AR-114",
	} {
		h := alone(func() core.ArtifactRepository { return reaching{mem.NewArtifacts(), flaw} })
		if fault := mutants.Dies(t.Context(), artifact.Suite(), h, id); fault != "" {
			t.Errorf("%s: %s", flaw, fault)
		}
	}
}

// counted counts the requests of a listing.
type counted struct {
	core.ArtifactRepository
	calls *atomic.Int64
	entry bool // a request for every entry too
}

func (c counted) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	page, err := c.ArtifactRepository.List(ctx, dir, o)
	c.calls.Add(1)
	if c.entry {
		c.calls.Add(int64(len(page.Items)))
	}
	return page, err
}

func TestListCost(t *testing.T) {
	t.Parallel()
	for _, everyEntry := range []bool{false, true} {
		var calls atomic.Int64
		h := alone(func() core.ArtifactRepository { return counted{mem.NewArtifacts(), &calls, everyEntry} })
		h.Calls = func(core.ArtifactRepository) int64 { return calls.Load() }
		r := conformance.Run(t.Context(), artifact.Suite(), h, conformance.Options{Level: conformance.Performance, Only: []string{"AR-104"}})
		want := conformance.Pass
		if everyEntry {
			want = conformance.Fail
		}
		if r.Count(want) != 1 {
			t.Errorf("a request for every entry, %v: %s %v", everyEntry, r.Summary(), r.Failures())
		}
	}
}

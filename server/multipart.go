package server

import (
	"path"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// inDirectory is a request about a file of a directory that stands in the URL.
type inDirectory[Q any] struct {
	dir   string
	asked Q
}

// uploading is the route of a call on an upload in parts. The file is named by the directory at the end of the path and by the
// last component of a field of the body.
func uploading[Q, A any](e rest.Endpoint, local func(Q) string, do func(*call, string, Q) (A, error)) route {
	return route{
		method: e.Method(),
		paths:  pathsOf(e),
		policy: func(request any) []need {
			q, _ := request.(inDirectory[Q])
			return []need{{edit, artifactKind, q.dir}}
		},
		decode: func(c *call) (any, error) {
			q := inDirectory[Q]{dir: c.r.PathValue("path")}
			if err := core.CheckArtifactPath(q.dir); err != nil {
				return nil, err
			}
			if err := c.read(&q.asked); err != nil {
				return nil, err
			}
			return q, nil
		},
		serve: func(c *call) error {
			q, _ := c.request.(inDirectory[Q])
			name, err := fileIn(q.dir, local(q.asked))
			if err != nil {
				return err
			}
			answer, err := do(c, name, q.asked)
			if err != nil {
				return err
			}
			return c.answer(answer)
		},
	}
}

// fileIn is the file in dir that a client names by where it lies at the client, as clients before 3.18 do: the last component
// of either kind of path counts.
func fileIn(dir, local string) (string, error) {
	base := local[strings.LastIndexAny(local, `/\`)+1:]
	steps := strings.FieldsFunc(local, func(r rune) bool { return r == '/' || r == '\\' })
	if slices.Contains(steps, "..") || base == "" || base == "." {
		return "", core.Invalid("path", "Invalid path")
	}
	name := path.Join(dir, base)
	if path.Base(name) != base {
		return "", core.Invalid("path", "Invalid path")
	}
	return name, writable(name)
}

// multipart is the ability of the destination to take files in parts.
func (s *Server) multipart() (core.Multipart, error) {
	m, ok := core.As[core.Multipart](s.destination)
	if !ok {
		return nil, core.Errorf(core.Unimplemented, "Multipart upload is not supported for the current artifact repository")
	}
	return m, nil
}

func (s *Server) createUpload(c *call, name string, q rest.CreateUpload) (rest.CreateUploadAnswer, error) {
	var answer rest.CreateUploadAnswer
	m, err := s.multipart()
	if err != nil {
		return answer, err
	}
	var o core.UploadOptions
	if q.NumParts != nil {
		if *q.NumParts < 1 || *q.NumParts > core.MostParts {
			return answer, core.Invalid("num_parts", "an upload has from 1 to %d parts", core.MostParts)
		}
		o.Parts = int(*q.NumParts)
	}
	begun, err := m.CreateUpload(c.ctx(), name, o)
	if err != nil {
		return answer, err
	}
	answer.UploadID = string(begun.ID)
	for i, part := range begun.Parts {
		answer.Credentials = append(answer.Credentials, rest.UploadCredential{
			URL: part.URL.Reveal(), PartNumber: rest.Int(i + 1), Headers: part.Headers,
		})
	}
	return answer, nil
}

func (s *Server) completeUpload(c *call, name string, q rest.CompleteUpload) (rest.None, error) {
	m, err := s.multipart()
	if err != nil {
		return rest.None{}, err
	}
	parts := make([]core.UploadedPart, 0, len(q.Parts))
	for _, p := range q.Parts {
		if p.PartNumber < 1 || p.PartNumber > core.MostParts {
			return rest.None{}, core.Invalid("part_number", "a part has a number from 1 to %d", core.MostParts)
		}
		parts = append(parts, core.UploadedPart{Number: int(p.PartNumber), ETag: p.ETag, URL: core.NewSecret(p.URL)})
	}
	return rest.None{}, m.CompleteUpload(c.ctx(), name, core.UploadID(q.UploadID), parts)
}

func (s *Server) abortUpload(c *call, name string, q rest.AbortUpload) (rest.None, error) {
	m, err := s.multipart()
	if err != nil {
		return rest.None{}, err
	}
	return rest.None{}, m.AbortUpload(c.ctx(), name, core.UploadID(q.UploadID))
}

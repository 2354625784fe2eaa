package conformance

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Clauses returns the ids of a prefix, such as "TS", that the comments of the Go files in the root of fsys mention,
// sorted, each once.
func Clauses(fsys fs.FS, prefix string) ([]string, error) {
	id := regexp.MustCompile(`\b` + regexp.QuoteMeta(prefix) + `-\d{3}\b`)
	files, err := fs.Glob(fsys, "*.go")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, name := range files {
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, comment := range file.Comments {
			ids = append(ids, id.FindAllString(comment.Text(), -1)...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Uncovered compares the clauses of the contract with the cases of a suite. It returns what is wrong: a clause that has
// neither a case nor an entry in pending (id to reason), and an entry in pending that has a case, no reason or no clause.
func Uncovered(clauses []string, cases []Entry, pending map[string]string) []string {
	has := map[string]bool{}
	for _, c := range cases {
		has[c.ID] = true
	}
	var faults []string
	for _, id := range clauses {
		if _, waits := pending[id]; !has[id] && !waits {
			faults = append(faults, fmt.Sprintf("clause %s has no case and is not pending", id))
		}
	}
	for id, reason := range pending {
		switch {
		case has[id]:
			faults = append(faults, fmt.Sprintf("%s is pending and has a case", id))
		case strings.TrimSpace(reason) == "":
			faults = append(faults, fmt.Sprintf("%s is pending without a reason", id))
		case !slices.Contains(clauses, id):
			faults = append(faults, fmt.Sprintf("%s is pending, but no comment mentions it", id))
		}
	}
	slices.Sort(faults)
	return faults
}

// Unmentioned returns the ids of cases that no clause mentions: promises that the contract should spell out.
func Unmentioned(clauses []string, cases []Entry) []string {
	var ids []string
	for _, c := range cases {
		if !slices.Contains(clauses, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

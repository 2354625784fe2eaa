package rest

import (
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Tag is a tag or a param, or any other pair of texts.
type Tag struct {
	Key   string `json:"key" rest:"required"`
	Value string `json:"value"`
}

// TagsOf lists a map's pairs by key; nil when there are none.
func TagsOf(pairs map[string]string) []Tag {
	if len(pairs) == 0 {
		return nil
	}
	tags := make([]Tag, 0, len(pairs))
	for key, value := range pairs {
		tags = append(tags, Tag{key, value})
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// TagMap is the inverse of TagsOf; of a key that is there twice the last value counts.
func TagMap(tags []Tag) map[string]string {
	pairs := make(map[string]string, len(tags))
	for _, t := range tags {
		pairs[t.Key] = t.Value
	}
	return pairs
}

// UniqueTags is TagMap for what a caller creates, where a key that is there twice is ErrInvalid.
func UniqueTags(tags []Tag) (map[string]string, error) {
	pairs := TagMap(tags)
	if len(pairs) < len(tags) {
		seen := make(map[string]bool, len(tags))
		for _, t := range tags {
			if seen[t.Key] {
				return nil, core.Invalid("tags", "the key %q is given twice", shown([]byte(t.Key)))
			}
			seen[t.Key] = true
		}
	}
	return pairs, nil
}

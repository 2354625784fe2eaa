package core

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"
	mathrand "math/rand/v2"
	"strconv"
)

// NewRunID makes an id of 32 random lower-case hexadecimal digits, MLflow's form.
func NewRunID() RunID { return RunID(randomHex()) }

// NewModelID makes the id of a logged model: "m-" and 32 random hexadecimal digits.
func NewModelID() ModelID { return ModelID("m-" + randomHex()) }

// NewWebhookID makes the id of a webhook: a random UUID in its usual form.
func NewWebhookID() WebhookID {
	h := randomHex()
	return WebhookID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// NewExperimentID makes a random id of 18 decimal digits, as MLflow's file store does, so that writers need no counter.
func NewExperimentID() ExperimentID {
	const lowest, span = 100_000_000_000_000_000, 900_000_000_000_000_000
	n, err := rand.Int(rand.Reader, big.NewInt(span))
	if err != nil {
		panic(err) // crypto/rand.Reader never fails (its documentation)
	}
	return ExperimentID(strconv.FormatInt(lowest+n.Int64(), 10))
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:])  // never fails (its documentation)
	b[6] = b[6]&0x0f | 0x40 // version 4 and variant of RFC 9562, as MLflow's ids have them
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b[:])
}

// NewRunName makes a name for a run that got none: adjective-noun-number, at most 20 characters, as MLflow does.
func NewRunName() string {
	adjectives := [...]string{
		"able", "agile", "amber", "bold", "brave", "brisk", "bright", "calm", "clean", "clear", "clever", "crisp", "deft",
		"eager", "early", "fair", "fast", "fine", "fleet", "fond", "frank", "fresh", "gentle", "glad", "golden", "grand",
		"happy", "hardy", "honest", "keen", "kind", "lively", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble",
		"noble", "plucky", "polite", "proud", "quick", "quiet", "rapid", "rare", "ready", "robust", "royal", "serene",
		"sharp", "silent", "smart", "smooth", "snappy", "solid", "steady", "sunny", "sure", "swift", "tidy", "tough", "true",
		"upbeat", "vivid", "warm", "wise", "witty", "zesty",
	}
	nouns := [...]string{
		"ant", "ape", "bass", "bat", "bear", "bee", "bird", "boar", "bug", "calf", "cat", "chimp", "cod", "colt", "crab",
		"crane", "crow", "deer", "doe", "dog", "dolphin", "dove", "duck", "eel", "elk", "finch", "fish", "flea", "fly",
		"fowl", "fox", "frog", "gnat", "gnu", "goat", "goose", "grouse", "grub", "gull", "hare", "hawk", "hen", "hog",
		"horse", "hound", "jay", "kit", "koi", "lamb", "lark", "lynx", "mare", "mink", "mole", "moose", "moth", "mouse",
		"mule", "newt", "owl", "panda", "perch", "pig", "quail", "ram", "rat", "ray", "rook", "seal", "shad", "shark",
		"sheep", "shrew", "skunk", "slug", "snail", "snake", "sow", "squid", "stag", "stork", "swan", "tern", "toad",
		"trout", "vole", "wasp", "whale", "wolf", "worm", "wren", "yak", "zebra",
	}
	pick := mathrand.IntN
	return adjectives[pick(len(adjectives))] + "-" + nouns[pick(len(nouns))] + "-" + strconv.Itoa(pick(1000))
}

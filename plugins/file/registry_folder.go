package file

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A model lies in a folder of its name, as at MLflow, but for names that a folder cannot have or that MLflow's file registry
// refuses, which would keep it from listing any model: those with "%", or of more bytes than a file system takes. They get a
// folder named by a digest; their true name is in their meta.yaml.
const (
	nameSuffix    = ".mlstore-name"
	versionPrefix = "version-"

	maxFolder = 255 // bytes, of all common file systems
)

// modelFolder is the name of a model's folder.
func modelFolder(name string) string {
	if len(name) <= maxFolder && !strings.Contains(name, "%") && !strings.HasSuffix(name, nameSuffix) {
		return name
	}
	readable := strings.ReplaceAll(name, "%", "_")
	for cut := 100; len(readable) > 100; cut-- {
		if utf8.RuneStart(readable[cut]) {
			readable = readable[:cut]
		}
	}
	digest := sha256.Sum256([]byte(name))
	return readable + "-" + hex.EncodeToString(digest[:16]) + nameSuffix
}

// versionFolder is the name of a version's folder in that of its model.
func versionFolder(number int) string { return versionPrefix + strconv.Itoa(number) }

// versionNumber reads the name of a version's folder.
func versionNumber(folder string) (int, bool) {
	digits, found := strings.CutPrefix(folder, versionPrefix)
	number, err := strconv.Atoi(digits)
	return number, found && err == nil && number > 0 && versionFolder(number) == folder
}

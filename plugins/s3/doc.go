// Package s3 keeps artifacts in S3 and in services that speak its protocol, under the keys that MLflow gives them: what one
// of them stores, the other reads.
//
// # Promises
//
// An artifact is one object. It becomes visible by one request, PutObject or CompleteMultipartUpload, after its size and
// digest have been verified, and with checksums that S3 compares: the SHA-256 of what is one request, the CRC-32 of each part
// and of the whole of what is several. IfAbsent is S3's own condition.
//
// S3 has no directories, so that nothing but the writers keeps a file and something below it apart. A Put looks first, and
// two Puts of one process take turns; what other processes do within half a minute after a look may be missed.
//
// # Uploads that were broken off
//
// A Put that fails aborts its parts. For a process that dies there is a journal in the user's cache folder: the next process
// that opens a repository with the same settings aborts what it lists. Uploads of others, and those of a process that died
// between the answer of S3 and the line in the journal, are left to the bucket's lifecycle rules.
//
// A PutFile that died, of a file that is there as it was, can be gone on with: for a minute after the next process has opened
// a repository, or until it has closed it, the parts stay, and a PutFile of the same file to the same artifact sends only
// those that S3 does not have. Each is compared with the file by its checksum. What nobody asks for is aborted then. The same
// goes for a PutFile that an outage broke off, if it could not be aborted either.
//
// # Retries
//
// Requests are repeated by the SDK alone, three times in all unless AWS_MAX_ATTEMPTS says otherwise. A download that breaks
// off goes on where it broke.
package s3

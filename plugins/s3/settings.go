package s3

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// settings are everything that tells one connection from another: openings with equal settings share one.
type settings struct {
	profile   string
	endpoint  string
	region    string
	addresses string // auto, path or virtual
	signature string // s3v4 or unsigned
	owner     string
	role      string
	session   string
	external  string
	extra     extraArgs
	ignoreTLS bool
	patience  time.Duration

	accessKey core.Secret
	secretKey core.Secret
	token     core.Secret
}

// option is a setting that a caller may give by name, in the query of the URI, or in a variable of the environment.
type option struct {
	core.ManifestOption
	variable string // empty where the AWS SDK reads its own
	set      func(*settings, string) error
}

func options() []option {
	return []option{
		{
			core.ManifestOption{Name: "profile", About: "profile of the shared AWS configuration"},
			"",
			func(s *settings, v string) error { s.profile = v; return nil },
		},
		{
			core.ManifestOption{Name: "endpoint_url", About: "URL of an S3 service other than AWS"},
			"MLFLOW_S3_ENDPOINT_URL",
			setEndpoint,
		},
		{
			core.ManifestOption{Name: "region", About: "region of the bucket"},
			"",
			func(s *settings, v string) error { s.region = v; return nil },
		},
		{
			core.ManifestOption{Name: "addressing_style", About: "auto, path or virtual", Default: "auto"},
			"MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
			oneOf("addressing_style", func(s *settings) *string { return &s.addresses }, "auto", "path", "virtual"),
		},
		{
			core.ManifestOption{Name: "signature_version", About: "s3v4, or unsigned for anonymous access", Default: "s3v4"},
			"MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION",
			oneOf("signature_version", func(s *settings) *string { return &s.signature }, "s3v4", "unsigned"),
		},
		{
			core.ManifestOption{Name: "expected_bucket_owner", About: "account id that must own the bucket"},
			"MLFLOW_S3_EXPECTED_BUCKET_OWNER",
			func(s *settings, v string) error { s.owner = v; return nil },
		},
		{
			core.ManifestOption{Name: "ignore_tls", About: "true accepts any certificate", Default: "false"},
			"MLFLOW_S3_IGNORE_TLS",
			setIgnoreTLS,
		},
		{
			core.ManifestOption{Name: "upload_extra_args", About: "JSON object of upload arguments, named as boto3 names them"},
			"MLFLOW_S3_UPLOAD_EXTRA_ARGS",
			func(s *settings, v string) (err error) { s.extra, err = parseExtraArgs(v); return err },
		},
		{
			core.ManifestOption{Name: "role_arn", About: "role to assume with the credentials"},
			"",
			func(s *settings, v string) error { s.role = v; return nil },
		},
		{
			core.ManifestOption{Name: "role_session_name", About: "name of the role's session", Default: "mlstore"},
			"",
			func(s *settings, v string) error { s.session = v; return nil },
		},
		{
			core.ManifestOption{Name: "external_id", About: "external id that the role asks for"},
			"",
			func(s *settings, v string) error { s.external = v; return nil },
		},
		{
			core.ManifestOption{
				Name: "timeout", About: "seconds without a byte from the service before a request fails", Default: "60",
			},
			"",
			setPatience,
		},
	}
}

// secretOptions come in OpenRequest.Secrets; without them the AWS SDK's chain finds credentials.
func secretOptions() []core.ManifestOption {
	return []core.ManifestOption{
		{Name: "access_key_id", About: "access key id; without it the usual chain of AWS", Secret: true},
		{Name: "secret_access_key", About: "secret that belongs to it", Secret: true},
		{Name: "session_token", About: "session token of temporary credentials", Secret: true},
	}
}

func setEndpoint(s *settings, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return core.Invalid("endpoint_url", "the endpoint of S3 must be a URL such as https://host:9000")
	}
	if u.User != nil {
		return core.Invalid("endpoint_url", "the endpoint of S3 must hold no credentials: set AWS_ACCESS_KEY_ID and "+
			"AWS_SECRET_ACCESS_KEY, or a profile")
	}
	s.endpoint = text
	return nil
}

// setIgnoreTLS takes what MLflow 1 and 3 take.
func setIgnoreTLS(s *settings, text string) error {
	switch strings.ToLower(text) {
	case "true", "1", "yes":
		s.ignoreTLS = true
	case "false", "0", "no":
		s.ignoreTLS = false
	default:
		return core.Invalid("ignore_tls", "ignore_tls is %q: it must be true or false", text)
	}
	return nil
}

func setPatience(s *settings, text string) error {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= 86400) {
		return core.Invalid("timeout", "timeout is %q: it must be a number of seconds above 0 and up to 86400", text)
	}
	s.patience = time.Duration(seconds * float64(time.Second))
	return nil
}

func oneOf(name string, field func(*settings) *string, allowed ...string) func(*settings, string) error {
	return func(s *settings, text string) error {
		if !slices.Contains(allowed, text) {
			return core.Invalid(name, "%s is %q: it must be one of %s", name, text, strings.Join(allowed, ", "))
		}
		*field(s) = text
		return nil
	}
}

// settingsOf reads the request. What it says stands above the query of its URI, and that above the environment. A request
// that names a profile takes the endpoint from there, when the profile has one, and not from the environment.
func settingsOf(request core.OpenRequest, getenv func(string) string) (settings, error) {
	s := settings{addresses: "auto", signature: "s3v4", patience: time.Minute}
	given, err := givenOptions(request)
	if err != nil {
		return s, err
	}
	for _, o := range options() {
		text := given[o.Name]
		if text == "" && o.variable != "" {
			text = getenv(o.variable)
		}
		delete(given, o.Name)
		if text == "" {
			continue
		}
		if err := o.set(&s, text); err != nil {
			return s, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		return s, core.Invalid(name, "an S3 repository has no option %q", name)
	}
	return s, s.takeSecrets(request.Secrets)
}

func givenOptions(request core.OpenRequest) (map[string]string, error) {
	query, err := url.ParseQuery(request.URI.Query())
	if err != nil {
		return nil, core.Invalid("uri", "the query of %s cannot be read", request.URI)
	}
	given := map[string]string{}
	for name := range query {
		given[name] = query.Get(name)
	}
	maps.Copy(given, request.Options)
	return given, nil
}

func (s *settings) takeSecrets(secrets map[string]core.Secret) error {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		switch name {
		case "access_key_id":
			s.accessKey = secrets[name]
		case "secret_access_key":
			s.secretKey = secrets[name]
		case "session_token":
			s.token = secrets[name]
		default:
			return core.Invalid(name, "an S3 repository has no secret %q", name)
		}
	}
	if s.accessKey.IsZero() != s.secretKey.IsZero() || s.accessKey.IsZero() && !s.token.IsZero() {
		return core.Invalid("access_key_id", "access_key_id and secret_access_key go together, and session_token with both")
	}
	return nil
}

// extraArgs is a JSON object of upload arguments, its keys sorted so that equal ones are equal; empty is none.
type extraArgs string

// parseExtraArgs takes the arguments that boto3's transfers take (boto3, s3/transfer.py, ALLOWED_UPLOAD_ARGS).
func parseExtraArgs(text string) (extraArgs, error) {
	var args map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		return "", core.Invalid("upload_extra_args", "upload_extra_args must be a JSON object: %w", err)
	}
	allowed := []string{
		"ACL", "BucketKeyEnabled", "CacheControl", "ChecksumAlgorithm", "ContentDisposition", "ContentEncoding",
		"ContentLanguage", "ContentType", "ExpectedBucketOwner", "Expires", "GrantFullControl", "GrantRead", "GrantReadACP",
		"GrantWriteACP", "Metadata", "ObjectLockLegalHoldStatus", "ObjectLockMode", "ObjectLockRetainUntilDate",
		"RequestPayer", "SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5", "SSEKMSEncryptionContext",
		"SSEKMSKeyId", "ServerSideEncryption", "StorageClass", "Tagging", "WebsiteRedirectLocation",
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if !slices.Contains(allowed, name) {
			return "", core.Invalid("upload_extra_args", "%q in upload_extra_args is no argument of an upload; there are %s",
				name, strings.Join(allowed, ", "))
		}
	}
	if len(args) == 0 {
		return "", nil
	}
	sorted, err := json.Marshal(args)
	return extraArgs(sorted), cmp.Or(err, extraArgs(sorted).check())
}

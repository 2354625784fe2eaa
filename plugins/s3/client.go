package s3

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/mlstore/mlstore/core"
)

// defaultRegion is boto3's for S3.
const defaultRegion = "us-east-1"

// newClient makes the client of the settings. What they do not say comes from where the AWS SDK looks: AWS_* variables, the
// shared files, the roles of container and machine. Nothing is asked of a service yet.
func newClient(ctx context.Context, s settings) (*s3.Client, *identity, error) {
	loads := []func(*config.LoadOptions) error{
		config.WithHTTPClient(newTransport(s)), config.WithLogger(logging.Nop{}), // what matters is in the errors
	}
	if s.profile != "" {
		loads = append(loads, config.WithSharedConfigProfile(s.profile))
	}
	if s.region != "" {
		loads = append(loads, config.WithRegion(s.region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, loads...)
	if err != nil {
		return nil, nil, &core.Error{Code: core.InvalidArgument, Key: "profile", Err: err}
	}
	cfg.Region = cmp.Or(cfg.Region, defaultRegion)
	if cfg.HTTPClient, err = freeze(cfg.HTTPClient); err != nil {
		return nil, nil, err
	}
	id := &identity{chain: cfg.Credentials}
	id.give(s)
	switch {
	case s.signature == "unsigned":
		cfg.Credentials = aws.AnonymousCredentials{}
	case s.role != "":
		cfg.Credentials = id
		id.role = assume(cfg, s)
		cfg.Credentials = id.role
	default:
		cfg.Credentials = id
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if s.endpoint != "" && (s.profile == "" || o.BaseEndpoint == nil) {
			o.BaseEndpoint = &s.endpoint
		}
		// As boto3 decides: a service other than AWS has seldom a host name for each bucket.
		o.UsePathStyle = s.addresses == "path" || s.addresses == "auto" && o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return client, id, nil
}

// assume returns the credentials of the role, renewed before they expire.
func assume(cfg aws.Config, s settings) *aws.CredentialsCache {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), s.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(s.session, "mlstore")
		if s.external != "" {
			o.ExternalID = &s.external
		}
	})
	return aws.NewCredentialsCache(provider)
}

// newTransport keeps many connections alive, since an upload of small files uses as many as there are callers. It has
// buffers of 128 KiB a connection, and honors AWS_CA_BUNDLE and the proxy variables.
func newTransport(s settings) *awshttp.BuildableClient {
	const buffer = 128 << 10
	return awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = min(10*time.Second, s.patience)
	}).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
		t.ReadBufferSize, t.WriteBufferSize = buffer, buffer
		t.ForceAttemptHTTP2 = false
		t.DisableCompression = true
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &impatientConn{Conn: conn, patience: s.patience}, nil
		}
		if s.ignoreTLS {
			if t.TLSClientConfig == nil {
				t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			t.TLSClientConfig.InsecureSkipVerify = true
		}
	})
}

// freeze makes the client that sends, with connections that can be closed. Redirects are not followed: S3 redirects to other
// regions, for which requests must be signed anew, and the error for that names the setting.
func freeze(client aws.HTTPClient) (aws.HTTPClient, error) {
	built, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return nil, core.Errorf(core.Internal, "the AWS SDK has replaced the HTTP client by a %T", client)
	}
	return &http.Client{
		Transport:     wholeRequests{built.GetTransport()},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// closeIdle closes the connections that nobody uses.
func closeIdle(client *s3.Client) {
	if c, ok := client.Options().HTTPClient.(*http.Client); ok {
		c.CloseIdleConnections()
	}
}

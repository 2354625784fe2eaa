package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"
	"sync"

	"google.golang.org/grpc"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/projectv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/registryv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// Server serves the stores of an opener. It is safe for concurrent use.
type Server struct {
	manifest   core.Manifest
	opener     core.Opener
	options    ServerOptions
	generation string // tells the instances of this server from those of another

	mu        sync.Mutex
	instances map[string]*instance
	opened    int // instances so far
	running   int // calls on instances
	draining  bool
	idle      chan struct{} // closed when the last call has ended; nil while nobody waits
}

// ServerOptions are what a server may be given. The zero value works.
type ServerOptions struct {
	// Logger is told of panics; nil is slog's default.
	Logger *slog.Logger

	// ValidateConfig says what is wrong with a request, without any input or output: an *core.Error whose Fields tell every
	// fault. nil holds the request against the manifest.
	ValidateConfig func(ctx context.Context, request core.OpenRequest) error
}

// NewServer makes a server of the stores that opener opens.
func NewServer(m core.Manifest, opener core.Opener, o ServerOptions) *Server {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Server{
		manifest: m, opener: opener, options: o, generation: rand.Text(), instances: map[string]*instance{},
	}
}

// Services returns the names of what a server of this version answers, with their major versions: for Manifest.Services.
func Services() []string {
	return []string{
		"mlstore.artifact.v1", "mlstore.plugin.v1", "mlstore.project.v1", "mlstore.registry.v1", "mlstore.tracking.v1",
	}
}

// Register registers every service.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	pluginv1.RegisterIdentityServiceServer(r, &identityServer{server: s})
	pluginv1.RegisterLifecycleServiceServer(r, &lifecycleServer{server: s})
	trackingv1.RegisterTrackingServiceServer(r, &trackingServer{server: s})
	trackingv1.RegisterBulkHistoryServiceServer(r, &bulkHistoryServer{})
	trackingv1.RegisterSampledHistoryServiceServer(r, &sampledHistoryServer{})
	trackingv1.RegisterLineageServiceServer(r, &lineageServer{})
	trackingv1.RegisterLoggedModelsServiceServer(r, &loggedModelsServer{})
	trackingv1.RegisterImporterServiceServer(r, &importerServer{})
	trackingv1.RegisterPurgerServiceServer(r, &purgerServer{})
	trackingv1.RegisterSchemaKeeperServiceServer(r, &schemaKeeperServer{})
	trackingv1.RegisterAccountsServiceServer(r, &accountsServer{})
	artifactv1.RegisterArtifactServiceServer(r, &artifactServer{})
	artifactv1.RegisterPathTransferServiceServer(r, &pathTransferServer{})
	artifactv1.RegisterMultipartServiceServer(r, &multipartServer{})
	artifactv1.RegisterPresignerServiceServer(r, &presignerServer{})
	registryv1.RegisterRegistryServiceServer(r, &registryServer{})
	registryv1.RegisterAliasesServiceServer(r, &aliasesServer{})
	registryv1.RegisterStagesServiceServer(r, &stagesServer{})
	registryv1.RegisterRegistryImporterServiceServer(r, &registryImporterServer{})
	registryv1.RegisterWebhooksServiceServer(r, &webhooksServer{})
	projectv1.RegisterProjectServiceServer(r, &projectServer{})
}

// Close closes every instance and joins their errors.
func (s *Server) Close() error {
	s.mu.Lock()
	all := s.instances
	s.instances = map[string]*instance{}
	s.draining = true
	s.mu.Unlock()
	var errs []error
	for _, in := range all {
		errs = append(errs, in.backend.Close())
	}
	return errors.Join(errs...)
}

// add makes an instance of what was opened.
func (s *Server) add(request core.OpenRequest, b core.Backend) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, errDraining()
	}
	s.opened++
	in := &instance{id: s.generation + "-" + strconv.Itoa(s.opened), backend: b, stores: storesOf(b)}
	in.learnFrom(request)
	s.instances[in.id] = in
	return in, nil
}

func (s *Server) find(id string) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.instances[id]
	if in == nil {
		return nil, &core.Error{
			Code: core.FailedPrecondition, Reason: ReasonInstanceUnknown, Key: id,
			Err: errors.New("this process has no such instance: open the URI again"),
		}
	}
	return in, nil
}

func (s *Server) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.instances, id)
}

// begin counts a call; what it returns ends it.
func (s *Server) begin() (end func(), _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, errDraining()
	}
	s.running++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
		if s.running == 0 && s.idle != nil {
			close(s.idle)
			s.idle = nil
		}
	}, nil
}

func errDraining() error {
	return core.Errorf(core.Unavailable, "the plugin is shutting down: repeat the call when it runs again")
}

// drain refuses calls from now on and waits for those that run.
func (s *Server) drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	if s.running == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return core.Interrupted(ctx)
	}
}

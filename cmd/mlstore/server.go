package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/edge"
	"github.com/mlstore/mlstore/server/observe"
)

func (a *app) serverCommand() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use: "server", Short: "Serve MLflow's REST API over any stores", Args: cobra.NoArgs,
		Long: "Serve MLflow's REST API, and the artifacts of runs, to unmodified MLflow clients. Without flags experiments are\n" +
			"kept in the SQLite database mlflow.db and artifacts in the folder mlartifacts, and only this machine is served.\n" +
			"Flags and variables have MLflow's names. SIGTERM and Ctrl-C end it when the requests that run have their answers.",
		Example: "  mlstore server\n" +
			"  mlstore server --backend-store-uri postgresql://db/mlflow --artifacts-destination s3://bucket/mlflow",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.fromEnvironment(cmd.Flags(), a.env); err != nil {
				return err
			}
			return a.serve(cmd.Context(), &f)
		},
	}
	f.define(cmd.Flags())
	return cmd
}

// serve runs a server until ctx ends.
func (a *app) serve(ctx context.Context, f *serverFlags) error {
	log, err := f.logger(a)
	if err != nil {
		return err
	}
	f.note(log)
	config, err := f.config()
	if err != nil {
		return err
	}
	if config.Resolver, err = a.opened.with(embedded.Plugins{Env: a.env, Logger: log}); err != nil {
		return err
	}
	observed := observe.New(log)
	if f.prometheus != "" {
		config.Metrics = observed.Metrics()
	}
	config.Log = log
	if err := registryFromEnvironment(&config, a.env); err != nil {
		return err
	}
	leave, err := a.guard(ctx, f, &config)
	if err != nil {
		return err
	}
	endAudit, err := f.audit(ctx, &config)
	if err != nil {
		return joined(err, leave())
	}
	err = a.serveWith(ctx, f, config, observed)
	return joined(err, joined(leave(), endAudit()))
}

// serveWith runs a server as configured.
func (a *app) serveWith(ctx context.Context, f *serverFlags, config server.Config, observed *observe.Requests) error {
	log := config.Log
	listeners, err := f.listen(ctx)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, config)
	if err != nil {
		closeAll(listeners)
		return err
	}
	d := newDrain(edge.Server(observed.Wrap(s.Handler()), log), f.drainDelay, f.drainTimeout)
	a.greet(f, listeners)
	return joined(d.serve(ctx, listeners, log), s.Close())
}

// config is what the flags say of the server behind the listeners.
func (f *serverFlags) config() (server.Config, error) {
	c := server.Config{
		ArtifactRoot: f.artifactRoot, TrustedRoots: f.trustedRoots, StaticPrefix: f.staticPrefix, ArtifactsOnly: f.artifactsOnly,
		PresignedOnly: f.presignedOnly, UIDir: f.uiDir, RefuseLongValues: f.refuseLong,
		Concurrency: server.Concurrency{Calls: int(f.maxRequests), Transfers: int(f.maxTransfers)},
		Edge:        edge.Config{Hosts: byCommas(f.allowedHosts), Origins: byCommas(f.origins), FrameOptions: f.frameOptions},
	}
	if f.insecureEdge {
		c.Edge = edge.Config{Hosts: []string{"*"}, Origins: []string{"*"}, FrameOptions: "NONE"}
	}
	if f.serveArtifacts {
		c.ArtifactsDestination = f.destination
	}
	var err error
	if c.Tracking, err = core.ParseURI(f.backend); err != nil {
		return c, err
	}
	if f.registry != "" {
		if c.Registry, err = core.ParseURI(f.registry); err != nil {
			return c, err
		}
	}
	if !f.serveArtifacts && f.artifactRoot == "" && !c.Tracking.IsLocal() {
		c.ArtifactRoot = "./mlruns" // as in MLflow
	}
	return c, nil
}

// byCommas splits the value of a flag at its commas.
func byCommas(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// note tells of flags that mean nothing here, and of what a user of MLflow may wonder about.
func (f *serverFlags) note(log *slog.Logger) {
	for _, name := range f.idle {
		log.Warn("the flag --" + name + " has no effect: one process serves all requests, and needs no other web server")
	}
	if f.insecureEdge {
		log.Warn("--disable-security-middleware: pages of any origin can use this server with the rights of whoever opens them")
	}
	if f.backend != defaultBackend {
		return
	}
	if found, _ := filepath.Glob("mlruns/*/meta.yaml"); len(found) > 0 { // the pattern is fine
		log.Warn("the experiments in the folder mlruns are not served: --backend-store-uri ./mlruns serves them")
	}
}

// greet says where the server is, and what to paste into Python.
func (a *app) greet(f *serverFlags, listeners []net.Listener) {
	url := f.url(listeners[0])
	a.say("mlstore serves %s at %s. Paste into Python:\n\n    import mlflow\n    mlflow.set_tracking_uri(%q)\n"+
		"    mlflow.log_metric(\"loss\", 0.1)\n\n", shownStore(f.backend), url, url)
}

// shownStore is a URI without its password.
func shownStore(text string) string {
	uri, err := core.ParseURI(text)
	if err != nil {
		return text
	}
	return uri.String()
}

// url is where clients on this machine find the server.
func (f *serverFlags) url(l net.Listener) string {
	scheme := "http://"
	if f.tlsCert != "" {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "unix:" + l.Addr().String()
	}
	if addr, err := netip.ParseAddr(host); err != nil || addr.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	return scheme + net.JoinHostPort(host, port) + f.staticPrefix
}

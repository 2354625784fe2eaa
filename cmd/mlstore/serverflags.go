package main

import (
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

const defaultBackend = "sqlite:///mlflow.db"

// serverFlags are the flags of mlstore server. Source: mlflow/cli/__init__.py, mlflow/utils/cli_args.py.
type serverFlags struct {
	backend, registry, artifactRoot, destination string
	serveArtifacts, artifactsOnly, presignedOnly bool

	host, staticPrefix, tlsCert, tlsKey string
	port                                uint16
	insecureNoAuth                      bool
	appName, auditLog                   string
	auditSync                           bool

	allowedHosts, origins, frameOptions string
	insecureEdge                        bool

	prometheus, uiDir, logFormat, logLevel string
	drainDelay, drainTimeout               time.Duration
	maxRequests, maxTransfers              uint16

	trustedRoots []string

	refuseLong bool
	idle       []string // flags that were given and mean nothing here
}

func (f *serverFlags) define(flags *pflag.FlagSet) {
	text, yes := flags.StringVar, flags.BoolVar
	text(&f.backend, "backend-store-uri", defaultBackend, "where experiments and runs are kept")
	text(&f.registry, "registry-store-uri", "", "where registered models are kept (default the backend store)")
	text(&f.artifactRoot, "default-artifact-root", "",
		"where new experiments keep their artifacts (default mlflow-artifacts:/, which is this server)")
	flags.StringArrayVar(&f.trustedRoots, "trusted-artifact-root", nil,
		"folder or URI where runs and models may have artifacts besides the two others; may be repeated")
	yes(&f.serveArtifacts, "serve-artifacts", true, "pass artifacts to and from the artifacts destination")
	flags.Bool("no-serve-artifacts", false, "do not pass artifacts")
	text(&f.destination, "artifacts-destination", "./mlartifacts", "where artifacts that pass through this server are kept")
	yes(&f.artifactsOnly, "artifacts-only", false, "serve artifacts alone")
	yes(&f.presignedOnly, "artifacts-presigned-only", false, "let no artifact through: clients speak to the destination")

	flags.Bool("help", false, "help for server") // -h is the host, as in MLflow
	flags.StringVarP(&f.host, "host", "h", "127.0.0.1", "address to listen at")
	flags.Uint16VarP(&f.port, "port", "p", 5000, "port to listen at; 0 is any")
	text(&f.staticPrefix, "static-prefix", "", "what all paths begin with, such as /mlflow")
	text(&f.tlsCert, "tls-cert", "", "certificate chain in PEM: serve HTTPS; read again when it changes")
	text(&f.tlsKey, "tls-key", "", "private key of the certificate in PEM")
	yes(&f.insecureNoAuth, "insecure-no-auth", false, "serve other machines without asking who they are")

	text(&f.appName, "app-name", "", "basic-auth: ask for a name and password, or a token, as MLflow's app does")
	text(&f.auditLog, "audit-log", "", "file to append a line of JSON to for every change and everything refused")

	yes(&f.auditSync, "audit-sync", false, "have each line of the audit log on the disk before its request is answered")

	text(&f.allowedHosts, "allowed-hosts", "", "hosts that requests may name, by commas (default this machine and private networks)")
	text(&f.origins, "cors-allowed-origins", "", "origins whose pages may use the API, by commas")
	text(&f.frameOptions, "x-frame-options", "SAMEORIGIN", "who may show pages in a frame: SAMEORIGIN, DENY or NONE")
	yes(&f.insecureEdge, "disable-security-middleware", false, "let every page on the internet use this server (dangerous)")

	text(&f.prometheus, "expose-prometheus", "", "serve metrics at /metrics; the value, a folder for MLflow, is not used")
	text(&f.uiDir, "ui-dir", "", "build of MLflow's web page to serve, such as mlflow/server/js/build of its wheel")
	text(&f.logFormat, "log-format", "text", "of the log on standard error: text or json")
	text(&f.logLevel, "log-level", "info", "debug, info (with a line for each request), warn or error")
	flags.DurationVar(&f.drainDelay, "drain-delay", time.Second, "how long requests are still taken after SIGTERM")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", time.Minute, "how long requests may then take to end")
	flags.Uint16Var(&f.maxRequests, "max-requests", 512,
		"how many requests are worked on at a time; more wait for seconds, then get 429")
	flags.Uint16Var(&f.maxTransfers, "max-transfers", 256, "the same for files on their way to and from clients")
	for _, name := range idleFlags() {
		flags.StringP(name, map[string]string{"workers": "w"}[name], "", "no effect; MLflow's flag")
	}
	flags.Lookup("dev").NoOptDefVal = "true"
}

// idleFlags have a meaning in MLflow's server alone.
func idleFlags() []string {
	return []string{
		"workers", "gunicorn-opts", "waitress-opts", "uvicorn-opts", "dev", "secrets-cache-ttl", "secrets-cache-max-size",
		"read-replica-backend-store-uri",
	}
}

// serverVariables are the variables that flags get their values from, where those are not given.
func serverVariables() map[string]string {
	variables := map[string]string{
		"allowed-hosts": "MLFLOW_SERVER_ALLOWED_HOSTS", "cors-allowed-origins": "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
		"x-frame-options": "MLFLOW_SERVER_X_FRAME_OPTIONS", "disable-security-middleware": "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
		"log-level": "MLFLOW_LOGGING_LEVEL", "max-requests": "MLSTORE_MAX_REQUESTS", "max-transfers": "MLSTORE_MAX_TRANSFERS",
	}
	for _, flag := range []string{
		"backend-store-uri", "registry-store-uri", "default-artifact-root", "serve-artifacts", "artifacts-destination",
		"artifacts-only", "artifacts-presigned-only", "host", "port", "static-prefix", "expose-prometheus", "workers",
		"gunicorn-opts", "uvicorn-opts", "read-replica-backend-store-uri",
	} {
		variables[flag] = "MLFLOW_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
	}
	return variables
}

// fromEnvironment fills in the flags that were not given.
func (f *serverFlags) fromEnvironment(flags *pflag.FlagSet, env func(string) string) error {
	if flags.Changed("no-serve-artifacts") {
		if flags.Changed("serve-artifacts") {
			return usage("--serve-artifacts and --no-serve-artifacts exclude each other")
		}
		f.serveArtifacts = false
	}
	for flag, variable := range serverVariables() {
		value := env(variable)
		if value == "" || flags.Changed(flag) || flag == "serve-artifacts" && flags.Changed("no-serve-artifacts") {
			continue
		}
		if err := flags.Set(flag, strings.TrimSpace(value)); err != nil {
			return usage("the variable %s: %w", variable, err)
		}
	}
	for _, name := range idleFlags() {
		if flags.Changed(name) {
			f.idle = append(f.idle, name)
		}
	}
	switch value := strings.ToLower(env("MLFLOW_TRUNCATE_LONG_VALUES")); value {
	case "", "true", "1":
	case "false", "0":
		f.refuseLong = true
	default:
		return usage("the variable MLFLOW_TRUNCATE_LONG_VALUES is %q: it must be true, false, 1 or 0", value)
	}
	return f.check()
}

// check refuses what does not go together.
func (f *serverFlags) check() error {
	switch {
	case f.appName != "" && f.appName != basicAuth:
		return usage("--app-name %q is an app in Python, which this server does not run: there is basic-auth", f.appName)
	case (f.tlsCert == "") != (f.tlsKey == ""):
		return usage("--tls-cert and --tls-key go together")
	case f.artifactsOnly && !f.serveArtifacts:
		return usage("--artifacts-only needs --serve-artifacts")
	case f.presignedOnly && !f.serveArtifacts:
		return usage("--artifacts-presigned-only needs --serve-artifacts")
	case f.auditSync && f.auditLog == "":
		return usage("--audit-sync needs --audit-log")
	case f.maxRequests == 0 || f.maxTransfers == 0:
		return usage("--max-requests and --max-transfers are at least 1")
	case f.drainDelay < 0 || f.drainTimeout < 0:
		return usage("--drain-delay and --drain-timeout are not negative")
	}
	return nil
}

// logger writes lines of text or JSON.
func (f *serverFlags) logger(a *app) (*slog.Logger, error) {
	var o slog.HandlerOptions
	level := slog.LevelInfo
	name := strings.ToUpper(f.logLevel)
	if name == "WARNING" {
		name = "WARN" // Python's
	}
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, usage("--log-level %q is none of debug, info, warn and error", f.logLevel)
	}
	if a.verbose {
		level = slog.LevelDebug
	}
	o.Level = level
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(a.stderr, &o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, &o)), nil
	}
	return nil, usage("--log-format %q is neither text nor json", f.logFormat)
}

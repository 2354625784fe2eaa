# Everything a developer does here, by one name each: make help lists them.
# Every tool is built by `go tool` at the version that tools/ pins; nothing is installed on PATH.

SHELL     := bash -o pipefail
CACHE     := .cache
TOOL      := go tool -modfile=tools/go.mod
GOLANGCI  := go tool -modfile=tools/lint/go.mod golangci-lint
BUF       := go tool -modfile=../../tools/buf/go.mod buf
TESTSUM   := $(TOOL) gotestsum --format pkgname
TESTFLAGS ?=
FUZZTIME  ?= 30s
PLUGINS   := $(wildcard plugins/*/cmd/*)
SOAK      ?= 1h
# Programs need no C library: they run wherever their kernel does, and start a sixth quicker. What only debuggers read is a
# third of them, and left out; traces of panics are whole without it.
BUILD     := CGO_ENABLED=0 go build -ldflags '-s -w'
# ARTIFACTS says where the demo keeps artifacts: s3://BUCKET/PREFIX in an S3 server that runs for as long as the demo.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build demo serve test prepare test-race lint fmt fuzz bench bench-plugins bench-sql bench-server kill soak conformance mlflow-suite mutants cross gen gen-check proto-check tidy-check check clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the commands into bin/ and the plugins into bin/plugins/, where the commands find them.
	$(BUILD) -o bin/ ./cmd/...
	$(BUILD) -o bin/plugins/ $(addprefix ./,$(PLUGINS))
	@for plugin in $(notdir $(PLUGINS)); do \
		bin/plugins/$$plugin describe >bin/plugins/$$plugin.json || exit 1; \
	done

demo: ## Build mlstore and show it at work; ARTIFACTS=s3://BUCKET/PREFIX has artifacts go through a plugin to S3.
	@echo "Building mlstore into bin/ (about a minute the first time, then seconds)"
	@$(BUILD) -o bin/mlstore ./cmd/mlstore
ifdef ARTIFACTS
	@$(BUILD) -o bin/plugins/ ./plugins/s3/cmd/...
	@bin/plugins/mlstore-plugin-s3 describe >bin/plugins/mlstore-plugin-s3.json
	@tools/with-s3 $(ARTIFACTS) bin/mlstore demo --artifacts $(ARTIFACTS)
else
	@bin/mlstore demo
endif

serve: ## Build mlstore and serve MLflow's API from ./mlflow.db and ./mlartifacts; it prints what to paste into Python.
	@echo "Building mlstore into bin/ (about a minute the first time, then seconds)"
	@$(BUILD) -o bin/mlstore ./cmd/mlstore
	@exec bin/mlstore server $(SERVE)

test: prepare ## Run every test; installs what tests need into .cache/ first.
	go vet ./...
	@mkdir -p $(CACHE)
	$(TESTSUM) --jsonfile $(CACHE)/test.json -- -timeout 30m $(TESTFLAGS) ./...
	@tools/count $(CACHE)/test.json

prepare: ## Make the real counterparts of tests ready: Python environments with MLflow, Postgres, an S3 server, strace.
	go test -count=1 -v -run '^TestPrepare' ./internal/testenv

test-race: prepare ## Run every test under the race detector (needs a C compiler).
	@mkdir -p $(CACHE)
	CGO_ENABLED=1 $(TESTSUM) --jsonfile $(CACHE)/race.json -- -race -timeout 30m $(TESTFLAGS) ./...
	@tools/count $(CACHE)/race.json

lint: ## Check style and find likely mistakes, also in what only macOS and Windows compile.
	$(GOLANGCI) run
	@staticcheck="$$($(TOOL) -n staticcheck)" && for os in darwin windows; do \
		echo "staticcheck for $$os"; GOOS=$$os CGO_ENABLED=0 "$$staticcheck" -tests=false -checks 'SA*' ./... || exit 1; \
	done

fmt: ## Format all Go files.
	$(GOLANGCI) fmt

fuzz: ## Fuzz every fuzz target for FUZZTIME (30s) each.
	@tools/fuzz $(FUZZTIME)

bench: ## Run the benchmarks, in the packages that have any.
	go test -run '^$$' -bench . -benchmem $$(grep -rl --include='*_test.go' --exclude-dir=$(CACHE) '^func Benchmark' . | xargs -r dirname | sort -u)

bench-plugins: ## Run the benchmarks of plugins: the wire, processes, and S3 beside s5cmd.
	go test -run '^$$' -bench . ./sdk/wire ./registry/supervise
	go test -run '^$$' -bench . -benchtime 4x ./plugins/s3

bench-sql: ## Compare the SQL stores with the bare drivers; BENCHTIME is how many writes of each.
	go test -run '^$$' -bench . -benchtime $(or $(BENCHTIME),1000x) -timeout 0 ./plugins/sqlite ./plugins/postgres
	go test -run '^$$' -bench . -benchtime 20x -timeout 0 ./plugins/internal/sqlstore
	go test -run '^$$' -bench . -benchtime 1x -timeout 0 ./plugins/internal/sqlstore/interop
	go test -run '^$$' -bench GC -benchtime 3x -timeout 0 ./cmd/mlstore

bench-server: prepare ## Compare mlstore server with MLflow's own server on equal databases; MLSTORE_BENCH_SLICE is how long a figure takes.
	go test -run '^$$' -bench . -benchtime 1x -timeout 0 -v ./cmd/mlstore/serverbench
	go test -run '^$$' -bench LargeFile -benchtime 5x -timeout 0 ./cmd/mlstore/filebench
	go test -run '^$$' -bench SmallFiles -benchtime 500x -timeout 0 ./cmd/mlstore/filebench

kill: prepare ## Kill programs at every point (kill -9), where a test run takes a sample.
	MLSTORE_KILL=all $(TESTSUM) -- -count=1 -timeout 0 -run Kill ./...

soak: ## Start and end plugins in every way, and work a server, for SOAK (1h) each; count what is left of them.
	MLSTORE_SOAK=$(SOAK) go test -count=1 -timeout 0 -run '^TestSoak' ./registry/supervise ./cmd/mlstore

conformance: ## Run the conformance suite on every store.
	$(TESTSUM) -- -count=1 -run Conformance ./...

mlflow-suite: prepare ## Run the suite at MLflow's own servers through the http store: every case of LEVEL (core), where a test run leaves the long ones out.
	MLSTORE_MLFLOW_SUITE=$(or $(LEVEL),core) $(TESTSUM) -- -count=1 -timeout 0 -parallel 4 -run AtMLflow ./plugins/http

mutants: ## Show that the conformance suite finds stores that are wrong on purpose.
	$(TESTSUM) -- -count=1 ./conformance/mutants/...

cross: ## Compile everything for macOS and Windows.
	GOOS=darwin CGO_ENABLED=0 go build ./...
	GOOS=windows CGO_ENABLED=0 go build ./...

gen: ## Generate what is generated.
	go generate ./...

gen-check: ## Fail when generating changes something.
	@state() { git status --porcelain; git diff; }; \
	before="$$(state)"; $(MAKE) --no-print-directory gen; \
	[ "$$before" = "$$(state)" ] || { git status --short; echo "generated files were stale: commit what make gen made" >&2; exit 1; }

proto-check: ## Fail when the wire breaks with what was released (sdk/proto/released.binpb).
	cd sdk/proto && $(BUF) lint
	cd sdk/proto && $(BUF) breaking --against released.binpb

tidy-check: ## Fail when a go.mod or go.sum is not tidy.
	go mod tidy -diff
	go -C tools mod tidy -diff
	go -C tools/lint mod tidy -diff
	go -C tools/buf mod tidy -diff

check: tidy-check gen-check proto-check lint cross test test-race ## Everything that a change must pass; CI runs this.
	@$(MAKE) --no-print-directory fuzz FUZZTIME=5s
	@$(MAKE) --no-print-directory soak SOAK=30s

clean: ## Remove everything that make made: bin/ and .cache/.
	rm -rf bin $(CACHE)

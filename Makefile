# abigen: `make run` shows what it does, `make test` proves it, `make help`
# lists the rest. Every target does its own set-up.

export ABIGEN_CACHE ?= $(CURDIR)/.cache
export CGO_ENABLED = 0

GO     ?= go
BIN    := bin
ABIGEN := $(BIN)/abigen
ARCHES := amd64 arm64 386 arm

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: preflight
preflight:
	@sh scripts/preflight.sh

.PHONY: build
build: preflight ## build the commands, bin/abigen and bin/nbnet
	@mkdir -p $(BIN)
	$(GO) build -o $(BIN)/ ./cmd/...

.PHONY: run
run: build ## generate the packages from the real headers, translate some socket calls, join two kernels
	$(ABIGEN) generate
	@echo
	$(GO) run ./examples/translate
	@echo
	$(GO) run ./examples/kernels

.PHONY: generate
generate: build ## bring netbsd, linux and generated up to date, and what examples/foreign makes
	$(ABIGEN) generate
	$(GO) generate -C examples/foreign ./...

.PHONY: test
test: unit check verify cross ## everything that must hold

.PHONY: fetch
fetch: build ## download headers and compiler into the cache
	@$(ABIGEN) fetch || echo "without them, the tests that need them are skipped"

.PHONY: unit
unit: fetch ## the Go tests; those that were skipped are listed with the reason
	$(GO) vet ./...
	$(GO) tool gotestsum --format pkgname -- ./...

.PHONY: transcripts
transcripts: preflight ## replay what was recorded on the real kernel, and print what differs (KERNEL_VECTORS=DIR: other recordings)
	$(GO) test -C runtime/netstack -count=1 -parallel 8 -run '^TestTranscripts$$' -report

.PHONY: race
race: preflight ## the Go tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) tool gotestsum --format pkgname -- -race -short ./...

.PHONY: test-rump
test-rump: preflight ## the tests that want NetBSD's own kernel (RUMP_PREFIX=DIR, with its lib and bin)
	@test -n "$$RUMP_PREFIX" || { echo "make test-rump: RUMP_PREFIX is not set: the directory with NetBSD's lib/librump.so and bin/rump_server"; exit 1; }
	$(GO) tool gotestsum --format pkgname -- -count=1 ./runtime/rump ./runtime/sysproxy ./runtime/netstack ./cmd/nbnet/...

.PHONY: check
check: build ## the committed code is what the headers give
	$(ABIGEN) generate --check

.PHONY: verify
verify: build ## sizes, offsets and constants of the committed code against C compilers
	$(ABIGEN) verify

.PHONY: cross
cross: preflight ## the packages for users compile on every architecture and host system
	@for os in linux netbsd darwin windows; do for arch in $(ARCHES); do \
		case $$os/$$arch in darwin/386|darwin/arm|windows/arm) continue;; esac; \
		echo "GOOS=$$os GOARCH=$$arch go vet ./abi ./netbsd/... ./linux/... ./generated/..."; \
		GOOS=$$os GOARCH=$$arch $(GO) vet ./abi ./netbsd/... ./linux/... ./generated/... || exit 1; \
	done; done
	@for arch in $(ARCHES); do \
		echo "GOOS=linux GOARCH=$$arch go vet ./runtime/..."; \
		GOOS=linux GOARCH=$$arch $(GO) vet ./runtime/... || exit 1; \
	done

.PHONY: lint
lint: preflight ## golangci-lint, built from the version in tools/lint/go.mod
	$(GO) build -C tools/lint -o $(CURDIR)/$(BIN)/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	$(BIN)/golangci-lint run ./...

.PHONY: bench
bench: build ## parser, command, converters and sockets, each beside its peers, as tables
	@$(GO) run ./internal/bench -abigen $(ABIGEN)
	@echo
	@$(GO) run ./internal/netbench
	@echo
	@$(GO) run ./runtime/hijack/internal/hijackbench

.PHONY: fuzz
fuzz: preflight ## each fuzz target for FUZZTIME (10s)
	@sh scripts/fuzz.sh $(or $(FUZZTIME),10s)

.PHONY: clean
clean: ## remove what make built; the header cache stays
	rm -rf $(BIN)

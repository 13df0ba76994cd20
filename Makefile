# Everything that is done with this repository by command. A reader needs only Go and "explore"; the rest is for those who change it.
#
# Tools are Go programs pinned by modules of their own (tools/go.mod, tools/buf/go.mod) and run by "go tool", which builds them from
# source and caches them: nothing to install, nothing of theirs in our go.mod. buf is alone in its module because it needs another
# version of protobuf than the code generators, and takes about two minutes to build the first time. tools/plot is a tool of our own, in a
# module for the library that it draws with.
#
# Written for POSIX sh, GNU make 4 and the make 3.81 of macOS.

GO      ?= go
TOOL     = $(GO) tool -modfile=tools/go.mod
BUF      = $(GO) tool -modfile=tools/buf/go.mod buf
TARGETS  = darwin/arm64 windows/amd64 linux/arm64

.DEFAULT_GOAL := help
.PHONY: help explore test check fmt-check vet staticcheck proto-check notes-check plots-check cross proto docs bench plots ci

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  %-12s %s\n' "$$name" "$$text"; done

explore: ## start the explorer
	$(GO) run ./cmd/explore

test: ## run all tests
	$(GO) test ./...

check: fmt-check vet staticcheck proto-check notes-check plots-check cross ## everything that can be checked without running the tests

fmt-check: ## fail if gofmt would change a file
	@out=$$(gofmt -l .) || exit 1; \
	if [ -n "$$out" ]; then echo "not formatted (run gofmt -w):"; echo "$$out"; exit 1; fi

vet: ## go vet
	$(GO) vet ./...

staticcheck: ## staticcheck, as pinned by tools/go.mod
	$(TOOL) staticcheck ./...

# The comparison is with copies, not with git, so that it tells the truth in a work tree with changes of any kind.
proto-check: ## fail if the generated code is not what message.proto gives
	@tmp=$$(mktemp -d) || exit 1; trap 'rm -rf "$$tmp"' EXIT; \
	$(BUF) generate proto --template proto/buf.gen.yaml --output "$$tmp" || exit 1; \
	for f in message.pb.go message_grpc.pb.go; do \
		diff -u "proto/$$f" "$$tmp/proto/$$f" || { echo "proto/$$f is out of date: run make proto"; exit 1; }; \
	done

notes-check: ## fail if the notes are not true, or not what "make docs" gives
	$(GO) run ./internal/notes/check -runs

plots-check: ## check tools/plot, and fail if the pictures are not what docs/bench.json gives
	$(GO) vet -C tools/plot ./...
	$(GO) test -C tools/plot ./...
	@tmp=$$(mktemp -d) || exit 1; trap 'rm -rf "$$tmp"' EXIT; \
	$(GO) run ./internal/bench -from docs/bench.json -keep "$$tmp" >/dev/null || exit 1; \
	for f in "$$tmp"/img/*.svg; do \
		cmp "$$f" "docs/img/$${f##*/}" || { echo "docs/img/$${f##*/} is out of date: run make plots"; exit 1; }; \
	done

cross: ## build for the other systems that we promise
	@for t in $(TARGETS); do \
		echo "build for $$t"; \
		GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -buildvcs=false ./... || exit 1; \
	done

proto: ## generate proto/*.pb.go from proto/message.proto
	$(BUF) generate proto --template proto/buf.gen.yaml

docs: ## draw code, outputs, links and tables into the notes anew
	$(GO) run ./internal/notes/check -write

# Prints the goals and how cost grows, and keeps both: docs/bench.json holds everything that was measured, docs/img/growth-*.svg are drawn
# from it, and "make docs" puts its tables into the notes. Unless all was measured nothing is kept. JSON=FILE also writes the report to
# that file, for comparing runs. A number that is not reached is said and fails nothing, since machines differ; the goals are in
# internal/bench. Nothing else should run meanwhile.
bench: ## measure the layer and the explorer against their goals, in some twelve minutes, and keep the figures in docs
	@$(GO) run ./internal/bench -keep docs $(if $(JSON),-json '$(JSON)')

plots: ## draw docs/img/growth-*.svg anew from docs/bench.json
	@$(GO) run ./internal/bench -from docs/bench.json -keep docs >/dev/null

ci: ## what the build server does
	.ci/run

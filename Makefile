# Everything that is done with this repository by command. A reader needs only Go and "explore"; the rest is for those who change it.
#
# Tools are Go programs pinned by modules of their own (tools/go.mod, tools/buf/go.mod) and run by "go tool", which builds them from
# source and caches them: nothing to install, nothing of theirs in our go.mod. buf is alone in its module because it needs another
# version of protobuf than the code generators, and takes about two minutes to build the first time.
#
# Written for POSIX sh, GNU make 4 and the make 3.81 of macOS.

GO      ?= go
TOOL     = $(GO) tool -modfile=tools/go.mod
BUF      = $(GO) tool -modfile=tools/buf/go.mod buf
TARGETS  = darwin/arm64 windows/amd64 linux/arm64

.DEFAULT_GOAL := help
.PHONY: help explore test check fmt-check vet staticcheck proto-check notes-check cross proto docs bench ci

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  %-12s %s\n' "$$name" "$$text"; done

explore: ## start the explorer
	$(GO) run ./cmd/explore

test: ## run all tests
	$(GO) test ./...

check: fmt-check vet staticcheck proto-check notes-check cross ## everything that can be checked without running a test

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

cross: ## build for the other systems that we promise
	@for t in $(TARGETS); do \
		echo "build for $$t"; \
		GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -buildvcs=false ./... || exit 1; \
	done

proto: ## generate proto/*.pb.go from proto/message.proto
	$(BUF) generate proto --template proto/buf.gen.yaml

docs: ## draw code, outputs, links and tables into the notes anew
	$(GO) run ./internal/notes/check -write

# What the explorer has to reach, by the unit in which its benchmarks report it; what has no goal is the noise beside it. Packages run one
# after the other: two at once would measure each other. A number that is not reached is said and fails nothing, since machines differ.
GOALS = ms-to-first-frame=150 B-paused=0 %core-playing=20 watched/alone=1.1 ms-behind=200 uncounted=0

bench: ## measure the explorer against its goals, in some minutes
	@$(GO) test -p 1 -run '^$$' -bench 'FirstFrame|PlayingALesson|Burst' -benchtime 1x -timeout 60m ./cmd/explore ./internal/tui 2>&1 | \
	awk -v goals='$(GOALS)' '\
		BEGIN { \
			for (n = split(goals, list, " "); n > 0; n--) { split(list[n], pair, "="); goal[pair[1]] = pair[2] } \
			printf("%-26s %-20s %10s %8s\n", "what", "in", "measured", "goal") \
		} \
		/^Benchmark/ && NF > 3 { \
			name = $$1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$$/, "", name); noise = ""; rows++; \
			for (i = 3; i < NF; i += 2) \
				if ($$(i+1) in goal) \
					printf("%-26s %-20s %10s %8s  %s\n", name, $$(i+1), $$i, goal[$$(i+1)], $$i + 0 <= goal[$$(i+1)] + 0 ? "met" : "NOT MET"); \
				else noise = noise "  " $$i " " $$(i+1); \
			if (noise != "") print "  beside it:" noise; \
			next \
		} \
		/^FAIL|^panic/ { bad = 1 } \
		!/^(goos|goarch|pkg|cpu|PASS|ok|Benchmark)/ { print } \
		END { exit bad || !rows }'

ci: ## what the build server does
	.ci/run

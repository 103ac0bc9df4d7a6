# Second Tuesday. The two commands a newcomer needs: make run, make test.
# Both install the Debian packages they miss and say so first.

GO ?= go
# One set of flags everywhere: every other one builds the graphics library anew,
# which takes minutes.
FLAGS := -tags migrated_fynedo,x11
# The programs name the revision they were built from (assets/VERSION has the
# version). A checkout of another user, or none: build without. Tests never
# carry it, or each commit would run all of them anew.
STAMP := -buildvcs=$(shell git rev-parse HEAD > /dev/null 2>&1 && echo true || echo false)
FLAGS += -buildvcs=false

LAB := ./remote/remotetest/lab
# Tests that make hosts, accounts and mounts need root. Building does not.
ROOT := $(if $(filter 0,$(shell id -u)),,-exec "sudo env PATH=$(PATH) CI=$(CI) BENCH=$$BENCH")

.PHONY: help run build stctl test lab lint bench screenshots clean

help:
	@echo 'make run          open the desk on the practice shop'
	@echo 'make test         run everything, with real hosts'
	@echo 'make build        build ./secondtuesday (the desk) and ./stctl (the command line)'
	@echo 'make stctl        build ./stctl only: needs a C compiler, no graphics library'
	@echo 'make lint         gofmt and go vet'
	@echo 'make bench        measure the promised figures'
	@echo 'make screenshots  draw the pictures of docs/manual anew'
	@echo 'make lab          build the images of the real hosts'
	@echo 'make clean        remove what was built'

# Without a display, the desk walks itself through its main job on a virtual one.
run: need-run secondtuesday
	@if [ "$$(uname)" != Linux ] || [ -n "$$DISPLAY" ]; then \
	  LANGUAGE=$${LANGUAGE:-en} exec ./secondtuesday --practice; \
	else \
	  echo 'No display: walking the desk through scan, plan, rollout and compliance on a virtual one.'; \
	  mkdir -p out; \
	  LANGUAGE=$${LANGUAGE:-en} packaging/virtual-display ./secondtuesday --practice --walk ./out && echo 'Screenshots and a report are in ./out'; \
	fi

build: need-build secondtuesday stctl

# go build itself knows what is up to date.
.PHONY: secondtuesday
secondtuesday:
	$(GO) build $(FLAGS) $(STAMP) -o $@ .

stctl:
	$(GO) build $(FLAGS) $(STAMP) -o $@ ./cmd/stctl

.PHONY: need-build need-run need-test need-bench
need-build need-run need-test need-bench: need-%:
	@packaging/need $*

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt wants to change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -race $(FLAGS) ./...

# The command line must start where there is no graphics library.
.PHONY: no-graphics
no-graphics: stctl
	@if $(GO) list $(FLAGS) -deps ./cmd/stctl | grep -E '^fyne\.io/|go-gl'; then echo 'stctl imports the graphics library above'; exit 1; fi
	@if ldd ./stctl | grep -E 'lib(X|GL|EGL|wayland)'; then echo 'stctl links the graphics library above'; exit 1; fi
	./stctl --help > /dev/null

# The images first and alone, so that no test waits for them. On a bare and busy
# machine all of them took more than a quarter of an hour.
lab: need-test
	$(GO) test $(FLAGS) -race $(ROOT) -timeout 45m -v -run '^TestImagesAreBuilt$$' $(LAB)

test: need-test lint secondtuesday no-graphics lab
	$(GO) test $(FLAGS) -race $(ROOT) -p 2 -timeout 30m ./...

# One table, by way of real hosts, Ansible and a virtual display: ten minutes.
bench: need-bench build lab
	export BENCH=1; $(GO) test $(FLAGS) -count 1 -v -timeout 30m $(ROOT) -run '^TestFigures$$' ./figures

# Every screen in light and dark, as docs/manual/pictures/SCREEN-light.png and
# -dark.png, on the practice shop and without a display. docs_test.go holds that
# none is missing.
screenshots: need-build
	mkdir -p docs/manual/pictures
	SHOTS=$(CURDIR)/docs/manual/pictures $(GO) test $(FLAGS) -count 1 -run '^TestScreenshots$$' ./ui/desk

clean:
	rm -rf secondtuesday stctl out
	@echo 'The images of the real hosts stay in $${XDG_CACHE_HOME:-/var/cache}/secondtuesday-lab (1.5 GB).'

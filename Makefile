# Second Tuesday. The two commands a newcomer needs: make run, make test.
# One set of flags everywhere: another one builds the graphics library anew (4 minutes).
TAGS  := migrated_fynedo,x11
BUILD := go build -tags $(TAGS)

.PHONY: test
test:
	go vet -tags $(TAGS) ./...
	go test -race -tags $(TAGS) ./...

package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Ctrl-C at the question for a password used to wait for the Enter key.
func TestCtrlCEndsTheQuestionForASecret(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	defer close(hold)
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := unlessCancelled(ctx, func() ([]byte, error) { <-hold; return nil, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if b, err := unlessCancelled(t.Context(), func() ([]byte, error) { return []byte("typed"), nil }); string(b) != "typed" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}

package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"
)

const hush = "correct horse battery staple"

func TestSecretNeverPrints(t *testing.T) {
	type holder struct {
		Name   string
		Secret Secret
		hidden Secret
		far    *Secret
	}
	s := New(hush)
	h := holder{"web1", s, s, &s}
	var log bytes.Buffer
	for _, l := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))} {
		l.Info("login", "secret", s, "in", h, "group", slog.GroupValue(slog.Any("s", s)))
	}
	asJSON, err := json.Marshal(map[string]any{"s": s, "h": h, "list": []Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	asKey, err := json.Marshal(map[Secret]int{s: 1})
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := xml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{
		"log": log.String(), "JSON": string(asJSON), "JSON key": string(asKey), "XML": string(asXML),
		"error": fmt.Errorf("log in with %w", fmt.Errorf("%v", s)).Error(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%100s", "%p"} {
		printed[verb] = fmt.Sprintf(verb, s)
		printed[verb+" pointer"] = fmt.Sprintf(verb, &s)
		printed[verb+" struct"] = fmt.Sprintf(verb, h)
		printed[verb+" struct pointer"] = fmt.Sprintf(verb, &h)
	}
	for how, text := range printed {
		if strings.Contains(text, hush) || strings.Contains(text, fmt.Sprintf("%x", hush)) || strings.Contains(text, fmt.Sprintf("%X", hush)) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
	for _, how := range []string{"%v", "%s", "%#v", "log", "JSON"} {
		if !strings.Contains(printed[how], redacted) {
			t.Errorf("%s does not say %s: %s", how, redacted, printed[how])
		}
	}
	if s.Reveal() != hush {
		t.Error("Reveal does not tell the secret")
	}
}

// TestCrashShowsNoSecret has this test run itself in another process that
// crashes with secrets on its stacks.
func TestCrashShowsNoSecret(t *testing.T) {
	if how := os.Getenv("CRASH_WITH_A_SECRET"); how != "" {
		crash(how, New(os.Getenv("CRASH_SECRET")))
	}
	for _, how := range []string{"itself", "pointer", "struct", "error", "argument"} {
		// GOTRACEBACK=all shows the stacks of all goroutines, with their arguments
		c := exec.Command(os.Args[0], "-test.run=^TestCrashShowsNoSecret$")
		c.Env = append(os.Environ(), "GOTRACEBACK=all", "CRASH_WITH_A_SECRET="+how, "CRASH_SECRET="+hush)
		b, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(b), "panic: ") || !strings.Contains(string(b), "goroutine ") {
			t.Fatalf("%s: it did not crash: %v\n%s", how, err, b)
		}
		if strings.Contains(string(b), hush) || strings.Contains(string(b), fmt.Sprintf("%x", hush)) {
			t.Errorf("%s: the crash shows the secret:\n%s", how, b)
		}
	}
}

//go:noinline
func crash(how string, s Secret) {
	type holder struct{ hidden Secret }
	go func(waits Secret) { select {} }(s)
	switch how {
	case "itself":
		panic(s)
	case "pointer":
		panic(&s)
	case "struct":
		panic(holder{s})
	case "error":
		panic(fmt.Errorf("log in with %v %+v", s, holder{s}))
	}
	panic("out of range")
}

func TestSecretIsNotWrittenDown(t *testing.T) {
	s := New(hush)
	if _, err := s.Value(); !errors.Is(err, ErrRefused) {
		t.Errorf("a database takes it: %v", err)
	}
	if err := gob.NewEncoder(&bytes.Buffer{}).Encode(s); !errors.Is(err, ErrRefused) {
		t.Errorf("gob takes it: %v", err)
	}
}

// fast is a work factor for tests; the real one takes a second.
const fast = 10

func TestStoresKeepCredentials(t *testing.T) {
	keyring.MockInit()
	vault, err := openVault(filepath.Join(t.TempDir(), "vault"), New("open sesame"), fast)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Store{"keyring": NewKeyring("shop"), "vault": vault} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if _, err := s.Get(ctx, LoginKey("web1")); !errors.Is(err, ErrNone) {
				t.Errorf("got %v, want none", err)
			}
			if err := s.Delete(ctx, LoginKey("web1")); err != nil {
				t.Error(err)
			}
			for k, v := range map[Key]string{LoginKey("Web1"): "a", SudoKey("web1"): "b", PassphraseKey("/k"): "c\n" + hush} {
				if err := s.Set(ctx, k, New("old")); err != nil {
					t.Fatal(err)
				}
				if err := s.Set(ctx, k, New(v)); err != nil {
					t.Fatal(err)
				}
				if got, err := s.Get(ctx, k); err != nil || got.Reveal() != v {
					t.Errorf("%s: got %q and %v", k, got.Reveal(), err)
				}
			}
			if got, err := s.Get(ctx, LoginKey("web1")); err != nil || got.Reveal() != "a" {
				t.Errorf("case of a host's name matters: got %q and %v", got.Reveal(), err)
			}
			if err := s.Delete(ctx, SudoKey("web1")); err != nil {
				t.Error(err)
			}
			if _, err := s.Get(ctx, SudoKey("web1")); !errors.Is(err, ErrNone) {
				t.Errorf("got %v, want none", err)
			}
		})
	}
}

func TestWorkspacesDoNotShareAKeyring(t *testing.T) {
	keyring.MockInit()
	if err := NewKeyring("one").Set(t.Context(), LoginKey("web1"), New(hush)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewKeyring("two").Get(t.Context(), LoginKey("web1")); !errors.Is(err, ErrNone) {
		t.Errorf("got %v, want none", err)
	}
}

func TestMissingKeyringSaysSo(t *testing.T) {
	keyring.MockInitWithError(errors.New("no bus"))
	defer keyring.MockInit()
	k := NewKeyring("shop")
	if err := k.Check(t.Context()); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("got %v", err)
	}
	if err := k.Set(t.Context(), LoginKey("web1"), New(hush)); !errors.Is(err, ErrNoKeyring) || strings.Contains(err.Error(), hush) {
		t.Errorf("got %v", err)
	}
}

func TestVaultIsSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault")
	v, err := openVault(path, New("open sesame"), fast)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Set(t.Context(), LoginKey("web1"), New(hush)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte(hush)) || bytes.Contains(b, []byte("web1")) {
		t.Error("the file tells what is in it")
	}
	if info, err := os.Stat(path); err != nil || readableByOthers(info) {
		t.Errorf("others can read the file: %v %v", info.Mode(), err)
	}
	if _, err := openVault(path, New("wrong"), fast); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with a wrong passphrase: got %v", err)
	}
	again, err := openVault(path, New("open sesame"), fast)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := again.Get(t.Context(), LoginKey("web1")); err != nil || s.Reveal() != hush {
		t.Errorf("got %q and %v", s.Reveal(), err)
	}
	for name, damaged := range map[string][]byte{
		"short": b[:len(b)-3], "turned": append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1), "empty": {}, "text": []byte("hello"),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openVault(path, New("open sesame"), fast); err == nil {
			t.Errorf("a %s file opens", name)
		}
	}
}

func TestVaultSeesAnotherProgramsChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault")
	one, err := openVault(path, New("p"), fast)
	if err != nil {
		t.Fatal(err)
	}
	two, err := openVault(path, New("p"), fast)
	if err != nil {
		t.Fatal(err)
	}
	for v, host := range map[*Vault]string{one: "web1", two: "web2"} {
		if err := v.Set(t.Context(), LoginKey(host), New(host)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []*Vault{one, two} {
		for _, host := range []string{"web1", "web2"} {
			if s, err := v.Get(t.Context(), LoginKey(host)); err != nil || s.Reveal() != host {
				t.Errorf("%s: got %q and %v", host, s.Reveal(), err)
			}
		}
	}
}

func TestPassphraseComesFromAFileOfOnesOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	for text, want := range map[string]string{"one\n": "one", "one\r\ntwo": "one", "one": "one", " a b \n": " a b ", "": "", "\n": "", strings.Repeat("x", 5000): ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := PassphraseFile(path)
		if got.Reveal() != want || (err != nil) != (want == "") {
			t.Errorf("%.10q: got %q and %v", text, got.Reveal(), err)
		}
	}
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := PassphraseFile(path); readableByOthers(info) && err == nil {
		t.Error("a file that all can read is taken")
	}
}

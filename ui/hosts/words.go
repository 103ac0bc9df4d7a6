package hosts

import (
	"strconv"

	"secondtuesday/data"
)

// notSet stands for an unset value in the lists of a form.
const notSet = "–"

// The ways to a host and to root, in words.
const (
	wordSSH   = "SSH"
	wordLocal = "This computer"
	wordWinRM = "WinRM"

	wordAuto     = "Automatic"
	wordNever    = "Never"
	wordPassword = "Password"
)

func reachWord(r data.Reach) string {
	switch r {
	case data.ReachLocal:
		return wordLocal
	case data.ReachWinRM:
		return wordWinRM
	}
	return wordSSH
}

func reachOf(word string) data.Reach {
	switch word {
	case wordLocal:
		return data.ReachLocal
	case wordWinRM:
		return data.ReachWinRM
	}
	return data.ReachSSH
}

func sudoWord(s data.Sudo) string {
	switch s {
	case data.SudoNever:
		return wordNever
	case data.SudoPassword:
		return wordPassword
	}
	return wordAuto
}

func sudoOf(word string) data.Sudo {
	switch word {
	case wordNever:
		return data.SudoNever
	case wordPassword:
		return data.SudoPassword
	}
	return data.SudoAuto
}

// options turns allowed values into words for a list; the unset one becomes a
// dash.
func options[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = wordOf(v)
	}
	return out
}

func wordOf[T ~string](v T) string {
	if v == "" {
		return notSet
	}
	return string(v)
}

func valueOf[T ~string](word string) T {
	if word == notSet {
		return ""
	}
	return T(word)
}

// rings are the words for the rings, the unset one last.
func rings() []string {
	var out []string
	for n := 1; n <= 9; n++ {
		out = append(out, strconv.Itoa(n))
	}
	return append(out, lastRing)
}

const lastRing = "last"

func ringWord(n int) string {
	if n == 0 {
		return lastRing
	}
	return strconv.Itoa(n)
}

func ringNumber(word string) int {
	n, _ := strconv.Atoi(word) // "last" is 0: not set
	return n
}

// auths are the ways to log in over WinRM, in words.
var auths = []struct {
	auth data.Auth
	word string
}{
	{data.AuthNTLM, "NTLM over HTTPS"},
	{data.AuthKerberos, "Kerberos over HTTPS"},
	{data.AuthBasic, "Basic over HTTPS"},
	{data.AuthSealedHTTP, "NTLM, sealed, over HTTP"},
}

func authWords() []string {
	var words []string
	for _, a := range auths {
		words = append(words, a.word)
	}
	return words
}

func authWord(a data.Auth) string {
	for _, x := range auths {
		if x.auth == a {
			return x.word
		}
	}
	return auths[0].word
}

func authOf(word string) data.Auth {
	for _, x := range auths {
		if x.word == word {
			return x.auth
		}
	}
	return data.AuthNTLM
}

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

// words are values beside what a form calls them, in the order it offers them.
type words[T comparable] []struct {
	value T
	word  string
}

var (
	reaches = words[data.Reach]{{data.ReachSSH, wordSSH}, {data.ReachWinRM, wordWinRM}, {data.ReachLocal, wordLocal}}
	sudos   = words[data.Sudo]{{data.SudoAuto, wordAuto}, {data.SudoNever, wordNever}, {data.SudoPassword, wordPassword}}
)

func (w words[T]) all() []string {
	var all []string
	for _, x := range w {
		all = append(all, x.word)
	}
	return all
}

// word returns what v is called; the first word for one that has none.
func (w words[T]) word(v T) string {
	for _, x := range w {
		if x.value == v {
			return x.word
		}
	}
	return w[0].word
}

// of returns the value of a word; the first one where there is none.
func (w words[T]) of(word string) T {
	for _, x := range w {
		if x.word == word {
			return x.value
		}
	}
	return w[0].value
}

// wayWord is how a host is reached and, over WinRM, logged in to.
func wayWord(h data.Host) string {
	if h.Reach == data.ReachWinRM {
		return wordWinRM + ", " + h.Auth.Login().Text
	}
	return reaches.word(h.Reach)
}

// loginTexts are the ways to log in over WinRM.
func loginTexts() []string {
	var texts []string
	for _, l := range data.Logins {
		texts = append(texts, l.Text)
	}
	return texts
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

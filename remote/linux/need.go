package linux

import (
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
)

// Needs guesses the space that changes want: the lists of a transaction do not
// tell it before the download. 8 MB a package is twice the mean of a server's.
func Needs(c data.Changes, cache string) []Need {
	const mega = 1 << 20
	each := int64(len(c.Upgrade)+len(c.Add)) * 8 * mega
	needs := []Need{{Path: cache, Bytes: 64*mega + each}, {Path: "/usr", Bytes: 64*mega + each}}
	for _, t := range append(append([]data.Target{}, c.Upgrade...), c.Add...) {
		if strings.HasPrefix(t.Name, "kernel") || strings.HasPrefix(t.Name, "linux") {
			return append(needs, Need{Path: "/boot", Bytes: 96 * mega})
		}
	}
	return needs
}

// oldLists is the age from which a simulation may not be what happens.
const oldLists = 7 * 24 * time.Hour

// AgeCheck is the check of when lists were fetched; with err it is not known.
func AgeCheck(at, now time.Time, err error) data.Check {
	c := data.Check{Name: "age of the lists", UpdatesOnly: true}
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	c.Result, c.Detail = judgeAge(at, now)
	return c
}

// judgeAge says what the age of lists means; a zero at: there are none.
func judgeAge(at, now time.Time) (data.CheckResult, string) {
	if at.IsZero() {
		return data.CheckFailed, "the host has no lists of what its sources offer"
	}
	age := now.Sub(at).Round(time.Minute)
	if age > oldLists {
		return data.CheckWarned, fmt.Sprintf("fetched %s ago", age)
	}
	return data.CheckPassed, fmt.Sprintf("fetched %s ago", age)
}

package app

import (
	"testing"
	"time"

	"secondtuesday/data"
)

func TestCertificateIsWarnedOfInItsLastThirtyDays(t *testing.T) {
	until := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now  time.Time
		want string
		soon bool
	}{
		{until.AddDate(0, 0, -31), "until " + day(until), false},
		{until.AddDate(0, 0, -30), "until " + day(until) + ", 30 days: renew it", true},
		{until.AddDate(0, 0, -1), "until " + day(until) + ", 1 day: renew it", true},
		{until.Add(-time.Hour), "until " + day(until) + ", less than a day: renew it", true},
		{until, "ended on " + day(until) + ": renew it", true},
	} {
		text, soon := CertificateEnd(data.Certificate{Until: until}, c.now)
		if text != c.want || soon != c.soon {
			t.Errorf("at %s: %q, %t", c.now, text, soon)
		}
	}
}

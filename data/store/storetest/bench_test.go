package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// BenchmarkLargeShop reads a workspace of 10,000 hosts with 100 missing
// updates each.
func BenchmarkLargeShop(b *testing.B) {
	const hosts, missing = 10_000, 100
	db := shop(b, hosts, missing)
	ctx := b.Context()
	read := func(name string, want int, f func() (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := f(); err != nil || n != want {
					b.Fatalf("%d rows, want %d: %v", n, want, err)
				}
			}
		})
	}
	read("open", 1, func() (int, error) {
		again, err := store.Open(ctx, db.Path())
		if err != nil {
			return 0, err
		}
		return 1, again.Close()
	})
	read("EachMissing", hosts*missing, func() (n int, err error) {
		err = db.EachMissing(ctx, func(data.Missing) error { n++; return nil })
		return n, err
	})
	read("HostVerdicts", hosts, count(ctx, db.HostVerdicts))
	read("Hosts", hosts, count(ctx, db.Hosts))
	read("LatestScans", hosts, func() (int, error) {
		m, err := db.LatestScans(ctx)
		return len(m), err
	})
	read("Points", hosts*13, func() (int, error) {
		p, err := db.Points(ctx, time.Time{})
		return len(p), err
	})
	read("Missing of one host", missing, func() (int, error) {
		m, err := db.Missing(ctx, 5000)
		return len(m), err
	})
	read("LatestScan of one host", missing, func() (int, error) {
		s, err := db.LatestScan(ctx, 5000)
		return len(s.Updates), err
	})
}

func count[T any](ctx context.Context, f func(context.Context) ([]T, error)) func() (int, error) {
	return func() (int, error) {
		all, err := f(ctx)
		return len(all), err
	}
}

// BenchmarkSave writes to a shop of 300 hosts, each change to the disk.
func BenchmarkSave(b *testing.B) {
	db := shop(b, 300, 50)
	ctx := b.Context()
	s, err := db.LatestScan(ctx, 100)
	if err != nil {
		b.Fatal(err)
	}
	s.Evidence = []data.Evidence{{Name: "apt-get -s dist-upgrade", Output: fmt.Sprint(s.Installed)}}
	n := 0
	b.Run("scan of 50 updates", func(b *testing.B) {
		for b.Loop() {
			n++
			s.At = Now.Add(time.Duration(n) * time.Minute)
			if _, err := db.SaveScan(ctx, s, entry("scan saved"), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("setting", func(b *testing.B) {
		for b.Loop() {
			n++
			if err := db.SetSetting(ctx, "n", fmt.Sprint(n)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

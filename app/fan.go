package app

import (
	"sync"

	"secondtuesday/data"
)

// eachHost does work for each host, several at once, and hands the results to
// done, one at a time and in the order they end. One host's failure is part of
// its result and stops no other.
func eachHost[R any](hosts []data.Host, parallel int, work func(data.Host) R, done func(data.Host, R)) {
	type result struct {
		host data.Host
		r    R
	}
	todo, results := make(chan data.Host), make(chan result)
	var workers sync.WaitGroup
	for range min(parallel, len(hosts)) {
		workers.Go(func() {
			for h := range todo {
				results <- result{h, work(h)}
			}
		})
	}
	go func() {
		for _, h := range hosts {
			todo <- h
		}
		close(todo)
		workers.Wait()
		close(results)
	}()
	for r := range results {
		done(r.host, r.r)
	}
}

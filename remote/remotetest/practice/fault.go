package practice

import (
	"time"

	"secondtuesday/remote/remotetest/practice/unix"
)

// host returns the host of that name; a name that does not exist is a mistake
// of the test that asks.
func (s *Shop) host(name string) *Host {
	for _, h := range s.hosts {
		if h.def.Name == name {
			return h
		}
	}
	panic("practice shop: no host " + name)
}

// CutLine breaks every connection to a host. What works on it goes on.
func (s *Shop) CutLine(name string) { s.host(name).sshd.cut() }

// KillJobs ends all that works detached on a host, as kill -9 does.
func (s *Shop) KillJobs(name string) {
	h := s.host(name)
	var ended []*unix.Proc
	for _, p := range h.machine.Procs() {
		if p.Unit != "" {
			p.Signal(9)
			ended = append(ended, p)
		}
	}
	for _, p := range ended {
		p.Wait()
	}
}

// FillDisk leaves so many bytes free on a host.
func (s *Shop) FillDisk(name string, free int64) { s.host(name).machine.FS.SetFree(free) }

// StopRepo lets a source of packages answer no more.
func (s *Shop) StopRepo(name, repo string) {
	h := s.host(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deadRepos == nil {
		h.deadRepos = map[string]bool{}
	}
	h.deadRepos[repo] = true
}

// PowerCut takes a host down without a word and lets it boot again.
func (s *Shop) PowerCut(name string) {
	h := s.host(name)
	h.Reboot(h.takes(h.def.rebootTime()))
}

// MoveClock sets a host's clock.
func (s *Shop) MoveClock(name string, to time.Time) {
	s.host(name).machine.Clock.Set(to)
}

package wsman

// Counts of a server since its start.
type Counts struct {
	Connections int64 // accepted
	Requests    int64 // over HTTP, those of the login included
	Logins      int64 // that succeeded; with Basic every request is one
	Refused     int64 // credentials that did not log in
	ClearBodies int64 // messages that came over HTTP without sealing
	Sealed      int64 // messages that came sealed and were opened
	LargestBody int64 // in bytes, as it came
	Shells      int64 // open now
	MaxShells   int64 // most that were open at the same time
	Created     int64 // shells
	Commands    int64
	Kept        int64 // commands that the open shells know now: those that ended too, until they are signalled
	Ended       int64 // commands ended by a signal while they ran
	Killed      int64 // commands killed because their shell was deleted or vanished
	Faults      int64 // SOAP faults answered
}

// Counts returns what has happened so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.counts
	for _, sh := range s.shells {
		n.Kept += int64(len(sh.commands))
	}
	return n
}

func (s *Server) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

// A Credential is what one client has shown to log in.
type Credential struct {
	Auth     Auth
	User     string // as the client wrote it, with its domain or realm
	Password string // Basic only
	Clear    bool   // it came without TLS
	MIC      bool   // NTLM: the three messages were vouched for together
	Bound    bool   // it carried the right channel binding token
	OK       bool   // it logged in
	Why      string // it did not
}

// maxSeen bounds what a server remembers of a long test.
const maxSeen = 10_000

// Seen returns the credentials that clients have shown, in order. NTLM is in
// it once its last message has come.
func (s *Server) Seen() []Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Credential(nil), s.seen...)
}

func (s *Server) saw(c Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.OK {
		s.counts.Logins++
	} else {
		s.counts.Refused++
	}
	if len(s.seen) < maxSeen {
		s.seen = append(s.seen, c)
	}
}

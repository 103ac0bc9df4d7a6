package wsman

import (
	"errors"
	"net/http"
)

// A keytab holds the keys of the service.
type keytab struct{}

func loadKeytab(string) (*keytab, error) {
	return nil, errors.New("kerberos is not built yet")
}

func (s *Server) ticket(http.ResponseWriter, *line, string, []byte) (*account, bool) {
	return nil, false
}

package remote

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"secondtuesday/data"
)

// JumpHost reads one jump host as ProxyJump has it: "[user@]host[:port]" or
// "ssh://[user@]host[:port]".
func JumpHost(s string) (data.Host, error) {
	h := data.Host{Reach: data.ReachSSH, Name: s}
	if rest, ok := strings.CutPrefix(s, "ssh://"); ok {
		u, err := url.Parse("ssh://" + rest)
		if err != nil || u.Path != "" && u.Path != "/" {
			return h, errJumpForm
		}
		s = u.Host
		h.User = u.User.Username()
	} else if i := strings.LastIndex(s, "@"); i >= 0 {
		h.User, s = s[:i], s[i+1:]
	}
	h.Address = s
	if host, port, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return h, errJumpForm
		}
		h.Address, h.Port = host, n
	}
	h.Address = strings.TrimSuffix(strings.TrimPrefix(h.Address, "["), "]")
	if h.Address == "" || strings.HasPrefix(h.Address, "-") || strings.HasPrefix(h.User, "-") {
		return h, errJumpForm
	}
	return h, nil
}

// joinJumps is the list of jump hosts as data.Host has it. An empty list
// leaves the first hop's own configuration in force.
func joinJumps(list []string) string { return strings.Join(list, ",") }

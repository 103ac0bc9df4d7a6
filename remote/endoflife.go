package remote

import (
	"strings"
	"sync"
	"time"

	"secondtuesday/assets"
	"secondtuesday/data"
)

// EndOfLife returns the day security support of os ends by the table in
// assets; zero when the table does not know the system, which does not mean
// that it is supported. A version is looked up whole, then without its last
// part: "9.4", then "9".
func EndOfLife(os data.OS) time.Time {
	table := endsOfLife()
	for v := os.Version; v != ""; {
		if t, ok := table[os.ID+","+v]; ok {
			return t
		}
		i := strings.LastIndexByte(v, '.')
		if i < 0 {
			break
		}
		v = v[:i]
	}
	return time.Time{}
}

// endsOfLife reads "debian,12,2028-06-30" lines below the heading "id,version,ends".
var endsOfLife = sync.OnceValue(func() map[string]time.Time {
	table := map[string]time.Time{}
	for line := range strings.SplitSeq(assets.EndOfLife, "\n") {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) != 3 {
			continue
		}
		if t, err := time.Parse(time.DateOnly, f[2]); err == nil {
			table[f[0]+","+f[1]] = t
		}
	}
	return table
})

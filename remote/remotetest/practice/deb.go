package practice

import debversion "github.com/knqyf263/go-deb-version"

// compareDeb is dpkg --compare-versions.
func compareDeb(a, op, b string) int {
	x, errX := debversion.NewVersion(a)
	y, errY := debversion.NewVersion(b)
	if errX != nil || errY != nil {
		return 2
	}
	c := x.Compare(y)
	ok := map[string]bool{"lt": c < 0, "<<": c < 0, "le": c <= 0, "eq": c == 0, "=": c == 0, "ne": c != 0, "ge": c >= 0, "gt": c > 0, ">>": c > 0}[op]
	if ok {
		return 0
	}
	return 1
}

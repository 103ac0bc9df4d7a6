package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

// filled returns a T in which every field says something else than its zero,
// so that a field without a column is noticed when it comes back empty.
func filled[T any](seed int) T {
	var v T
	n := seed
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(v reflect.Value, n *int) {
	*n++
	if t, isTime := v.Addr().Interface().(*time.Time); isTime {
		*t = day.Add(time.Duration(*n) * time.Hour)
		return
	}
	if d, isDuration := v.Addr().Interface().(*time.Duration); isDuration {
		*d = time.Duration(*n) * time.Minute
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString("text " + string(rune('a'+*n%26)) + string(rune('a'+*n/26%26)) + " äöü '\"\x00")
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 100)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map: // HostVerdict.Counts
		v.Set(reflect.ValueOf(map[data.Compliance]int{data.Overdue: 1, data.Unknown: 2, data.DueSoon: 3, data.Excepted: 4, data.Compliant: 5}))
	default:
		panic("a kind of field this test does not know: " + v.Kind().String())
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("not what was stored (- stored, + read):\n%s", d)
	}
}

func TestEveryFieldOfANounComesBack(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()

	g := filled[data.Group](1)
	g.ID = 0
	g.ID = must(db.SaveGroup(ctx, g, entry("group added")))(t)
	same(t, []data.Group{g}, must(db.Groups(ctx))(t))
	g.Name, g.Notes = "Group", "changed"
	must(db.SaveGroup(ctx, g, entry("group changed")))(t)
	same(t, []data.Group{g}, must(db.Groups(ctx))(t))

	h := filled[data.Host](2)
	h.ID, h.Group = 0, g.ID
	h.ID = must(db.SaveHosts(ctx, []data.Host{h}, entry("host added")))(t)[0]
	same(t, h, must(db.Host(ctx, h.ID))(t))
	changed := filled[data.Host](3)
	changed.ID, changed.Group = h.ID, g.ID
	must(db.SaveHosts(ctx, []data.Host{changed}, entry("host changed")))(t)
	same(t, []data.Host{changed}, must(db.Hosts(ctx))(t))
	same(t, changed, must(db.HostByName(ctx, changed.Name))(t))

	t.Run("window", func(t *testing.T) {
		w := filled[data.Window](4)
		w.ID, w.Groups = 0, []data.GroupID{g.ID}
		w.ID = must(db.SaveWindow(ctx, w, entry("window added")))(t)
		same(t, []data.Window{w}, must(db.Windows(ctx))(t))
		id := w.ID
		w = filled[data.Window](5)
		w.ID, w.Groups = id, nil
		must(db.SaveWindow(ctx, w, entry("window changed")))(t)
		same(t, []data.Window{w}, must(db.Windows(ctx))(t))
	})
	t.Run("freeze", func(t *testing.T) {
		f := filled[data.Freeze](6)
		f.ID, f.Groups = 0, []data.GroupID{g.ID}
		f.ID = must(db.SaveFreeze(ctx, f, entry("freeze added")))(t)
		same(t, []data.Freeze{f}, must(db.Freezes(ctx))(t))
		f.Name, f.Groups = "changed", nil
		must(db.SaveFreeze(ctx, f, entry("freeze changed")))(t)
		same(t, []data.Freeze{f}, must(db.Freezes(ctx))(t))
	})
	t.Run("exception", func(t *testing.T) {
		e := filled[data.Exception](7)
		e.ID, e.Host = 0, h.ID
		e.ID = must(db.SaveException(ctx, e, entry("exception added")))(t)
		same(t, []data.Exception{e}, must(db.Exceptions(ctx))(t))
		e.Host, e.Update, e.Withdrawn = 0, "", day
		must(db.SaveException(ctx, e, entry("exception withdrawn")))(t)
		same(t, []data.Exception{e}, must(db.Exceptions(ctx))(t))
	})
	t.Run("standard", func(t *testing.T) {
		s := filled[data.Standard](8)
		s.ID = must(db.SaveStandard(ctx, s, entry("standard saved")))(t)
		s.Version = 1
		same(t, []data.Standard{s}, must(db.Standards(ctx))(t))
	})
	t.Run("scan", func(t *testing.T) {
		s := filled[data.Scan](9)
		s.Host = h.ID
		s.ID = must(db.SaveScan(ctx, s, entry("scan saved"), nil))(t)
		whole := s
		whole.Evidence = nil
		same(t, whole, must(db.LatestScan(ctx, h.ID))(t))
		head := whole
		head.Installed, head.Updates = nil, nil
		same(t, []data.Scan{head}, must(db.Scans(ctx, h.ID, 5))(t))
		same(t, map[data.HostID]data.Scan{h.ID: head}, must(db.LatestScans(ctx))(t))
		same(t, s.Evidence, must(db.Evidence(ctx, s.ID))(t))
		m := must(db.Missing(ctx, h.ID))(t)
		want := data.Missing{Host: h.ID, Update: s.Updates[0], FirstSeen: s.At, Since: s.At, LastSeen: s.At}
		same(t, want, m[0])
		var each []data.Missing
		ok(t, db.EachMissing(ctx, func(m data.Missing) error { each = append(each, m); return nil }))
		same(t, m, each)
	})
	t.Run("verdict and point", func(t *testing.T) {
		v, p := filled[data.HostVerdict](10), filled[data.Point](11)
		v.Host, p.Host = h.ID, h.ID
		v.RebootFrom = v.ScanAt.Add(-26 * time.Hour)
		ok(t, db.KeepVerdicts(ctx, []data.HostVerdict{v}, []data.Point{p}))
		same(t, []data.HostVerdict{v}, must(db.HostVerdicts(ctx))(t))
		same(t, []data.Point{p}, must(db.Points(ctx, day))(t))
		same(t, []data.Point(nil), must(db.Points(ctx, p.At.Add(time.Second)))(t))
	})
	t.Run("plan, rollout, run and log", func(t *testing.T) {
		p := filled[data.Plan](12)
		p.ID = must(db.SavePlan(ctx, p, entry("plan saved")))(t)
		ok(t, db.ApprovePlan(ctx, p.ID, p.Approved, entry("plan approved")))
		same(t, p, must(db.Plan(ctx, p.ID))(t))
		head := PlanHead{Plan: p, Digest: p.Digest(), HostCount: 2, Targets: 12}
		head.Hosts, head.LeftOut = nil, nil
		same(t, []PlanHead{head}, must(db.Plans(ctx))(t))

		r := filled[data.Rollout](13)
		r.Plan = p.ID
		runs := []data.Run{filled[data.Run](14), filled[data.Run](15)}
		r.ID = must(db.SaveRollout(ctx, r, runs, entry("rollout started")))(t)
		same(t, r, must(db.Rollout(ctx, r.ID))(t))
		got := must(db.Runs(ctx, r.ID))(t)
		for i := range runs {
			runs[i].ID, runs[i].Rollout = got[i].ID, r.ID
		}
		same(t, runs, got)
		same(t, runs, must(db.OpenRuns(ctx))(t))
		later := filled[data.Run](16)
		later.ID, later.Rollout, later.Host = runs[1].ID, r.ID, runs[1].Host
		ok(t, db.SaveRun(ctx, later))
		same(t, []data.Run{runs[0], later}, must(db.Runs(ctx, r.ID))(t))

		l := filled[data.LogLine](17)
		l.Run = later.ID
		ok(t, db.AppendLog(ctx, []data.LogLine{l, l}))
		lines, _, err := db.Log(ctx, later.ID, 0, 1)
		ok(t, err)
		same(t, []data.LogLine{l}, lines)
	})
}

func TestZeroNounsComeBackAsZero(t *testing.T) {
	db := newDB(t)
	ctx := t.Context()
	h := addHost(t, db, "web1")
	id := must(db.SaveScan(ctx, data.Scan{Host: h, At: day}, entry("scan saved"), nil))(t)
	same(t, data.Scan{ID: id, Host: h, At: day}, must(db.LatestScan(ctx, h))(t))
	p := must(db.SavePlan(ctx, data.Plan{Created: day.Add(time.Millisecond)}, entry("plan saved")))(t)
	same(t, data.Plan{ID: p, Created: day}, must(db.Plan(ctx, p))(t))
}

func TestLocalTimesComeBackInUTC(t *testing.T) {
	db := newDB(t)
	h := addHost(t, db, "web1")
	here := day.In(time.FixedZone("far", 9*3600))
	must(db.SaveScan(t.Context(), data.Scan{Host: h, At: here}, entry("scan saved"), nil))(t)
	if s := must(db.LatestScan(t.Context(), h))(t); s.At.Location() != time.UTC || !s.At.Equal(day) {
		t.Errorf("at = %v", s.At)
	}
}

package uitest

import (
	"context"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
)

// windowsEvidence is what a Windows host told of itself at its scan.
const windowsEvidence = `{"kind":"scan","finished":true,"error":"","code":2,
	"missing":[{"id":"8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e","revision":201,"title":"2026-11 Cumulative Update (KB5044281)","kbs":["5044281"],"superseded":["9d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e","x","y"]}],
	"installed":[{"id":"9d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e","revision":200,"title":"Old (KB5040437)","kbs":["5040437"]}],
	"history":[{"id":"8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e","revision":201,"title":"2026-11 Cumulative Update (KB5044281)","at":"2026-11-14T03:00:00Z","operation":1,"code":4,"hresult":"0x80070643","client":"UpdateOrchestrator"}]}`

// WindowsHost adds a Windows host that lacks one update and was scanned an hour
// before now.
func WindowsHost(t testing.TB, now time.Time) func(*app.Desk) {
	return func(d *app.Desk) {
		t.Helper()
		id, err := d.AddHost(context.Background(), data.Host{Name: "dc1", Reach: data.ReachWinRM, User: `SHOP\svc-patch`, Exposure: data.Internal, Platform: data.WindowsUpdate})
		if err != nil {
			t.Fatal(err)
		}
		s := data.Scan{Host: id, At: now.Add(-time.Hour), Platform: data.WindowsUpdate, MetadataAt: now.Add(-time.Hour), RebootKnown: true, Root: true,
			Updates:  []data.Update{{Name: "KB5044281", Title: "2026-11 Cumulative Update (KB5044281)", Available: "8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e.201", Class: data.Security}},
			Evidence: []data.Evidence{{Name: "Windows Update as SYSTEM", Output: windowsEvidence}}}
		if _, err := d.DB.SaveScan(context.Background(), s, data.AuditEntry{At: now, By: "t", Verb: "scan saved"}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

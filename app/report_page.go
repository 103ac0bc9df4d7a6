package app

// reportHTML is the page of WriteReport. It loads nothing from elsewhere, so
// that it can be read years later and on a host without a network.
const reportHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Compliance report{{with .Facts.Workspace}}: {{.}}{{end}}</title>
<style>
:root { color-scheme: light; }
body { font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: #1A2330; background: #fff; max-width: 60em; margin: 2.5em auto; padding: 0 1.5em; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 2em 0 .5em; }
p { margin: .4em 0; } .muted { color: #556070; }
.verdict { border: 1px solid #D3D8DF; border-left: 6px solid #B2420A; border-radius: 6px; padding: .7em 1em; margin: 1.2em 0; font-size: 16px; }
.verdict.kept { border-left-color: #17713F; } .verdict.none { border-left-color: #556070; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35em .6em; border-bottom: 1px solid #E2E6EB; vertical-align: top; }
th { font-size: 12px; color: #556070; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: flex; height: 12px; width: 12em; border-radius: 3px; overflow: hidden; background: #E7EAEE; }
.bar span { display: block; height: 100%; }
.compliant { background: #2E9E62; } .due-soon { background: #B98410; } .overdue { background: #DB6526; } .excepted { background: #2B8C8C; }
.unknown { background: repeating-linear-gradient(45deg, #8A95A3 0 3px, #C5CBD3 3px 6px); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: .4em; }
ul.keys { list-style: none; padding: 0; display: flex; gap: 1.5em; flex-wrap: wrap; }
svg text { font-size: 11px; fill: #556070; }
footer { margin-top: 3em; font-size: 12px; color: #556070; border-top: 1px solid #E2E6EB; padding-top: .8em; }
code { font-family: "JetBrains Mono", ui-monospace, monospace; font-size: 11px; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } .bar, .bar span, .key, .verdict { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
</style>
</head>
<body>
<h1>Compliance report</h1>
<p class="muted">{{with .Facts.Workspace}}{{.}} · {{end}}as of {{stamp .Now}} · since {{day .From}}{{with .Facts.By}} · made by {{.}}{{end}}</p>
<div class="verdict{{if eq .All.Hosts 0}} none{{else if eq .Standard.Version 0}} none{{else if .MeetsTarget}} kept{{end}}">{{.Verdict}}</div>

<h2>Hosts by compliance</h2>
<ul class="keys">{{range kinds}}<li><span class="key {{style .}}"></span>{{sign .}} {{.}} <b>{{index $.All.Counts .}}</b></li>{{end}}</ul>
<p class="muted">{{.All.Share.Sentence}} A host is as bad as the worst of its updates. One whose newest scan is missing, too old or not to be trusted is unknown: silence is no proof.</p>

<h2>Figures</h2>
<table>
<tr><th>Figure</th><th class="n">Value</th><th class="n">Taken from</th><th>What was counted</th></tr>
{{range .Figures}}<tr><td>{{.Name}}</td><td class="n">{{.Text}}</td><td class="n">{{.N}}</td><td>{{.Sentence}}</td></tr>
{{end}}</table>

<h2>Compliant hosts over time</h2>
{{with .Line}}<svg viewBox="0 0 720 180" width="100%" role="img" aria-label="Share of compliant hosts from {{.First}} to {{.Last}}">
{{range .Grid}}<line x1="40" x2="712" y1="{{.Y}}" y2="{{.Y}}" stroke="#E2E6EB"/><text x="34" y="{{.Y}}" dy="4" text-anchor="end">{{.Text}}</text>
{{end}}<polygon points="{{.Area}}" fill="#1D5FC4" fill-opacity=".13"/><polyline points="{{.Points}}" fill="none" stroke="#1D5FC4" stroke-width="2"/>
{{if ge .Target 0.0}}<line x1="40" x2="712" y1="{{.Target}}" y2="{{.Target}}" stroke="#17713F" stroke-width="1.5" stroke-dasharray="6 4"/><text x="46" y="{{.Target}}" dy="-4" style="fill:#17713F">{{.TargetText}}</text>{{end}}
<circle cx="{{.EndX}}" cy="{{.EndY}}" r="4" fill="#1D5FC4"/><text x="708" y="{{.EndY}}" dy="-8" text-anchor="end" style="fill:#1A2330;font-weight:bold">{{.EndText}}</text>
<text x="40" y="176">{{.First}}</text><text x="712" y="176" text-anchor="end">{{.Last}}</text>
</svg>
<p class="muted">Each day's end, in the order of scans. Hosts without a scan in force count as not compliant.</p>
{{else}}<p class="muted">A trend needs scans on at least two days.</p>{{end}}

{{range $s := .Splits}}{{if $s.Totals}}<h2>By {{$s.Name}}</h2>
<table>
<tr><th>{{$s.Name}}</th><th></th><th class="n">Compliant</th><th class="n">Hosts</th>{{range kinds}}<th class="n">{{sign .}} {{.}}</th>{{end}}<th class="n">Missing updates</th><th class="n">Overdue updates</th></tr>
{{range $t := $s.Totals}}<tr><td>{{name $t $s.Name}}</td><td><div class="bar">{{range kinds}}<span class="{{style .}}" style="{{width $t .}}"></span>{{end}}</div></td><td class="n">{{$t.Share.Text}}</td><td class="n">{{$t.Hosts}}</td>{{range kinds}}<td class="n">{{index $t.Counts .}}</td>{{end}}<td class="n">{{$t.Missing}}</td><td class="n">{{$t.Overdue}}</td></tr>
{{end}}</table>{{end}}{{end}}

{{if gt .Standard.Version 0}}<h2>The standard in force</h2>
<p><b>{{.Standard.Name}}</b>, version {{.Standard.Version}}, valid from {{day .Standard.ValidFrom}}{{with .Standard.Owner}} · owner {{.}}{{end}}{{with .Standard.Approver}} · approved by {{.}}{{end}}{{with .Standard.Source}}<br><span class="muted">Source: {{.}}</span>{{end}}</p>
<table>
<tr><th>Clause</th><th>For</th><th>In within</th></tr>
{{range .Standard.Rules}}<tr><td>{{.Clause}}</td><td>{{when .When}}</td><td>{{span .Due}}</td></tr>
{{end}}</table>
<p class="muted">Read from the top; the first rule that fits sets the deadline.{{if gt .Standard.RebootWithin 0}} A pending reboot happens within {{duration .Standard.RebootWithin}}.{{end}} Past days are judged by the version then in force.</p>{{end}}

<footer>{{if .Facts.AuditHash}}Audit trail: {{.Facts.AuditEntries}} entries, newest hash <code>{{.Facts.AuditHash}}</code>. Kept outside the workspace, this proves later that no entry up to it was changed.<br>{{end}}Made by Second Tuesday {{build}}. Days are as in {{.Zone}}.</footer>
</body>
</html>
`

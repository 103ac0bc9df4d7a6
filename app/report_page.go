package app

// reportHTML is the page of WriteReport. It loads nothing from elsewhere, so
// that it can be read years later and on a host without a network, and tells the
// browser to load and run nothing. What people have named stands in <bdi>, so
// that a name written from right to left turns no other word round.
const reportHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width">
<title>Compliance report{{with .Facts.Workspace}}: {{.}}{{end}}</title>
<style>
:root { color-scheme: light dark; --ground: #fff; --ink: #1A2330; --muted: #556070; --line: #E2E6EB; --track: #E7EAEE; --blue: #1D5FC4; --good: #17713F; --late: #B2420A;
  --f-compliant: #2E9E62; --f-due-soon: #B98410; --f-overdue: #DB6526; --f-excepted: #2B8C8C; --f-unknown: #8A95A3; --f-unknown2: #C5CBD3; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #12161C; --ink: #E3E8EF; --muted: #9DA9B8; --line: #2E3845; --track: #222A34; --blue: #73A9FF; --good: #4CC48A; --late: #FF9A62;
  --f-compliant: #34A873; --f-due-soon: #D9A233; --f-overdue: #EE7F45; --f-excepted: #45A5AB; --f-unknown: #667384; --f-unknown2: #3A4553; } }
body { font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); background: var(--ground); max-width: 68em; margin: 2.5em auto; padding: 0 1.5em; overflow-wrap: anywhere; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 2em 0 .5em; break-after: avoid; } h2 + p { break-after: avoid; }
p { margin: .4em 0; } .muted { color: var(--muted); }
.verdict { border: 1px solid var(--line); border-left: 6px solid var(--late); border-radius: 6px; padding: .7em 1em; margin: 1.2em 0; font-size: 16px; }
.verdict.kept { border-left-color: var(--good); } .verdict.none { border-left-color: var(--muted); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 5px 8px; border-bottom: 1px solid var(--line); vertical-align: top; }
thead { break-inside: avoid; break-after: avoid; } tr { break-inside: avoid; }
th { font-size: 12px; line-height: 1.35; color: var(--muted); vertical-align: bottom; overflow-wrap: normal; } th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; } td.n, th.kind { white-space: nowrap; }
th:first-child::first-letter, .figures td:first-child::first-letter { text-transform: uppercase; }
.figures td:first-child { min-width: 12em; } .totals td:first-child { min-width: 10em; } .rules td:first-child { min-width: 5em; }
.bar { display: flex; height: 12px; width: 8em; margin-top: 4px; border-radius: 3px; overflow: hidden; background: var(--track); }
.bar span { display: block; height: 100%; }
.compliant { background: var(--f-compliant); } .due-soon { background: var(--f-due-soon); } .overdue { background: var(--f-overdue); } .excepted { background: var(--f-excepted); }
.unknown { background: var(--f-unknown) repeating-linear-gradient(45deg, var(--f-unknown) 0 3px, var(--f-unknown2) 3px 6px); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: .4em; }
ul.keys { list-style: none; padding: 0; display: flex; gap: .3em 1.5em; flex-wrap: wrap; }
svg { break-inside: avoid; } svg text { font-size: 11px; fill: var(--muted); paint-order: stroke; stroke: var(--ground); stroke-width: 5px; stroke-linejoin: round; }
svg .grid { stroke: var(--line); } svg .area { fill: var(--blue); fill-opacity: .13; } svg .trend { fill: none; stroke: var(--blue); stroke-width: 2; } svg .end { fill: var(--blue); }
svg .promise { stroke: var(--good); stroke-width: 1.5; stroke-dasharray: 6 4; } svg text.promised { fill: var(--good); } svg text.now { fill: var(--ink); font-weight: bold; }
footer { margin-top: 3em; font-size: 12px; color: var(--muted); border-top: 1px solid var(--line); padding-top: .8em; }
code { font-family: "JetBrains Mono", ui-monospace, monospace; font-size: 11px; }
@media screen and (max-width: 760px) { .totals { display: block; overflow-x: auto; } .taken { display: none; } .figures td:first-child { min-width: 7em; } }
@page { margin: 15mm; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 11px; } th, footer { font-size: 10px; } .verdict { font-size: 13px; } .bar { width: 4.5em; } td, th { padding: 3px 5px; }
  .totals td:first-child { min-width: 11em; } .bar, .bar span, .key, .verdict { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
</style>
</head>
<body>
<h1>Compliance report</h1>
<p class="muted">{{with .Facts.Workspace}}<bdi>{{.}}</bdi> · {{end}}as of {{stamp .Now}} · since {{day .From}}{{with .Facts.By}} · made by <bdi>{{.}}</bdi>{{end}}</p>
<div class="verdict{{if eq .All.Hosts 0}} none{{else if eq .Standard.Version 0}} none{{else if .MeetsTarget}} kept{{end}}">{{.Verdict}}</div>

<h2>Hosts by compliance</h2>
<ul class="keys">{{range kinds}}<li><span class="key {{style .}}"></span>{{sign .}} {{.}} <b>{{index $.All.Counts .}}</b></li>{{end}}</ul>
<p class="muted">{{.All.Share.Sentence}} A host is as bad as the worst of its updates. One whose newest scan is missing, too old or not to be trusted is unknown: silence is no proof.</p>

<h2>Figures</h2>
<table class="figures">
<thead><tr><th>Figure</th><th class="n">Value</th><th class="n taken">Taken from</th><th>What was counted</th></tr></thead>
{{range .Figures}}<tr><td>{{.Name}}</td><td class="n">{{.Text}}</td><td class="n taken">{{.N}}</td><td>{{.Sentence}}</td></tr>
{{end}}</table>

<h2>Compliant hosts over time</h2>
{{with .Line}}<svg viewBox="0 0 720 180" width="100%" role="img" aria-label="Share of compliant hosts from {{.First}} to {{.Last}}">
{{range .Grid}}<line x1="40" x2="712" y1="{{.Y}}" y2="{{.Y}}" class="grid"/><text x="34" y="{{.Y}}" dy="4" text-anchor="end">{{.Text}}</text>
{{end}}<polygon points="{{.Area}}" class="area"/><polyline points="{{.Points}}" class="trend"/>
{{if ge .Target 0.0}}<line x1="40" x2="712" y1="{{.Target}}" y2="{{.Target}}" class="promise"/><text x="46" y="{{.Target}}" dy="-4" class="promised">{{.TargetText}}</text>{{end}}
<circle cx="{{.EndX}}" cy="{{.EndY}}" r="4" class="end"/><text x="708" y="{{.EndY}}" dy="-8" text-anchor="end" class="now">{{.EndText}}</text>
<text x="40" y="176">{{.First}}</text><text x="712" y="176" text-anchor="end">{{.Last}}</text>
</svg>
<p class="muted">Each day's end, in the order of scans. Hosts without a scan in force count as not compliant.</p>
{{else}}<p class="muted">A trend needs scans on at least two days.</p>{{end}}

{{range $s := .Splits}}{{if $s.Totals}}<h2>By {{$s.Name}}</h2>
<table class="totals">
<thead><tr><th>{{$s.Name}}</th><th></th><th class="n">Compliant</th><th class="n">Hosts</th>{{range kinds}}<th class="n kind">{{sign .}}<br>{{.}}</th>{{end}}<th class="n">Missing updates</th><th class="n">Overdue updates</th></tr></thead>
{{range $t := $s.Totals}}<tr><td><bdi>{{name $t $s.Name}}</bdi></td><td><div class="bar">{{range kinds}}<span class="{{style .}}" style="{{width $t .}}"></span>{{end}}</div></td><td class="n">{{$t.Share.Text}}</td><td class="n">{{$t.Hosts}}</td>{{range kinds}}<td class="n">{{index $t.Counts .}}</td>{{end}}<td class="n">{{known $t $t.Missing}}</td><td class="n">{{known $t $t.Overdue}}</td></tr>
{{end}}</table>{{end}}{{end}}

{{if gt .Standard.Version 0}}<h2>The standard in force</h2>
<p><b><bdi>{{.Standard.Name}}</bdi></b>, version {{.Standard.Version}}, valid from {{day .Standard.ValidFrom}}{{with .Standard.Owner}} · owner <bdi>{{.}}</bdi>{{end}}{{with .Standard.Approver}} · approved by <bdi>{{.}}</bdi>{{end}}{{with .Standard.Source}}<br><span class="muted">Source: <bdi>{{.}}</bdi></span>{{end}}</p>
<table class="rules">
<thead><tr><th>Clause</th><th>For</th><th>In within</th></tr></thead>
{{range .Standard.Rules}}<tr><td><bdi>{{.Clause}}</bdi></td><td><bdi>{{when $ .When}}</bdi></td><td>{{span .Due}}</td></tr>
{{end}}</table>
<p class="muted">Read from the top; the first rule that fits sets the deadline.{{if gt .Standard.RebootWithin 0}} A pending reboot happens within {{duration .Standard.RebootWithin}}.{{end}} Past days are judged by the version then in force.</p>{{end}}

<footer>{{if .Facts.AuditHash}}Audit trail: {{.Facts.AuditEntries}} entries, newest hash <code>{{.Facts.AuditHash}}</code>. Kept outside the workspace, this proves later that no entry up to it was changed.<br>{{end}}Made by Second Tuesday {{build}}. Days are as in {{.Zone}}.</footer>
</body>
</html>
`

package report

// page is the template of HTML. The filter is made of the page's own style sheet and form, so that it works where scripts do
// not run.
const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance: {{.Verdict}}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
body { color: #1f2328; background: #fff; }
h1, h2, h3 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d0d7de; }
svg { display: block; width: 100%; height: 1.2rem; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { padding: .1rem .8rem .1rem 0; text-align: left; vertical-align: top; }
td.bar { width: 16rem; }
td.bar svg { height: .8rem; margin-top: .35rem; }
details { border-left: .4rem solid; padding: .15rem .7rem; margin: .25rem 0; }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f8fa; padding: .6rem; }
.pass { fill: #2da44e; border-color: #2da44e; }
.fail { fill: #cf222e; border-color: #cf222e; }
.error { fill: #8250df; border-color: #8250df; }
.na { fill: #afb8c1; border-color: #afb8c1; }
.skipped { fill: #d4a72c; border-color: #d4a72c; }
.verdict { display: inline-block; min-width: 4.5rem; font-weight: 600; }
.quiet { color: #59636e; }
.filter { position: sticky; top: 0; background: inherit; padding: .5rem 0; }
.filter label { margin-right: 1rem; }
body:has(#show-pass:not(:checked)) details.pass,
body:has(#show-fail:not(:checked)) details.fail,
body:has(#show-error:not(:checked)) details.error,
body:has(#show-na:not(:checked)) details.na,
body:has(#show-skipped:not(:checked)) details.skipped { display: none; }
@media (prefers-color-scheme: dark) {
body { color: #e6edf3; background: #0d1117; }
pre { background: #161b22; }
.quiet { color: #9198a1; }
}
</style>
</head>
<body>
<h1>Conformance: {{.Verdict}}</h1>
<form class="filter">Show
{{- range .Verdicts}}
<label><input type="checkbox" id="show-{{template "class" .}}" checked> {{.}}</label>
{{- end}}
</form>
{{range .Runs}}
<section>
<h2>{{.Kind}}: {{.Store.Name}}{{with .Store.Version}} {{.}}{{end}}</h2>
<p class="quiet">Level {{.Level}}, transport {{.Transport}}, seed {{.Seed}}, contract {{.Store.Contract}}, {{.Took}}
{{- if .OneHandle}}, through one handle only{{end}}</p>
{{template "bar" .Counts}}
<p>{{range $i, $c := .Counts}}{{if $i}}, {{end}}{{$c.Cases}} {{$c.Verdict}}{{end}}</p>
{{with .Problems}}<h3>What broke the run</h3><ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{with .Leftovers}}<h3>Left behind</h3><ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
<h3>Topics</h3>
<table>
{{range .Topics}}<tr><td>{{.Name}}</td><td class="bar">{{template "bar" .Counts}}</td>
<td>{{range $i, $c := .Counts}}{{if $i}}, {{end}}{{$c.Cases}} {{$c.Verdict}}{{end}}</td></tr>
{{end}}</table>
<h3>Cases</h3>
{{range .Cases}}<details class="{{template "class" .Verdict}}"{{if .Open}} open{{end}}>
<summary><span class="verdict">{{.Verdict}}</span> <b>{{.ID}}</b> {{.Name}} <span class="quiet">{{.Took}}</span></summary>
<p>{{.Rule}}</p>
{{with .Why}}<p class="quiet">Why: {{.}}</p>{{end}}
<p class="quiet">Level {{.Level}}{{with .Needs}}; needs {{.}}{{end}}</p>
{{with .Reason}}<p>{{.}}</p>{{end}}
{{with .Message}}<pre>{{.}}</pre>{{end}}
{{with .Repro}}<p>Repeat: <code>{{.}}</code></p>{{end}}
{{with .Log}}<pre>{{range .}}{{.}}
{{end}}</pre>{{end}}
</details>
{{end}}
</section>
{{end}}
</body>
</html>
{{define "class"}}{{if eq (print .) "n/a"}}na{{else}}{{.}}{{end}}{{end}}
{{define "bar"}}<svg viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="verdicts">
{{- range .}}<rect class="{{template "class" .Verdict}}" x="{{.X}}" width="{{.W}}" height="1">
{{- ""}}<title>{{.Cases}} {{.Verdict}}</title></rect>
{{- end}}</svg>{{end}}
`

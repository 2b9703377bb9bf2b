"""How the page of a receipt looks: on a phone, on a desk, in the dark and on paper.

Where it is narrow a table becomes a list whose lines have the titles of its columns.
"""

from typing import Final

STYLE: Final = """\
:root {
  color-scheme: light dark;
  --ink: #1c2127; --quiet: #59626c; --paper: #f4f5f7; --sheet: #ffffff; --line: #d9dde2;
  --good: #17693f; --bad: #a3241d; --tint: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --quiet: #a2abb5; --paper: #12161a; --sheet: #1b2026; --line: #343c45;
    --good: #6fd09c; --bad: #ff9a92; --tint: #262d35;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: 0 0 .5rem; }
code, .names, .name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code, .names, .name { font-size: .875em; }
section {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem; margin: 1rem 0;
}
dl { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 .75rem; }
dl > div {
  flex: 1 1 6.5rem; display: flex; flex-direction: column; background: var(--tint);
  border-radius: .375rem; padding: .5rem .75rem;
}
dd { margin: 0; }
dl > div dd { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
dl > div dt { order: 1; color: var(--quiet); }
.good dd { color: var(--good); }
.bad dd { color: var(--bad); }
article { border-top: 1px solid var(--line); padding: .75rem 0; }
article:last-child { padding-bottom: 0; }
article h3 code { color: var(--bad); }
.count { font-weight: 400; color: var(--quiet); }
.advice { display: grid; grid-template-columns: 9rem 1fr; gap: .125rem .75rem; }
.advice dt { color: var(--quiet); }
.names { list-style: none; margin: 0; padding: .25rem 0 .25rem .75rem;
  border-left: 3px solid var(--line); }
.quiet, .note { color: var(--quiet); }
.code-point {
  border: 1px solid var(--bad); border-radius: .2rem; color: var(--bad);
  padding: 0 .2rem; margin: 0 .1rem; font-size: .85em;
}
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; color: var(--quiet); padding-bottom: .25rem; }
th { text-align: left; color: var(--quiet); font-weight: 600; overflow-wrap: normal; }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td code { white-space: nowrap; }
.number { font-variant-numeric: tabular-nums; }
footer { color: var(--quiet); font-size: .875rem; }
@media (max-width: 40rem) {
  .advice { grid-template-columns: 1fr; }
  .advice dd { margin-bottom: .25rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  td { border: 0; padding: .125rem 0; }
  td code { white-space: normal; }
  td::before { content: attr(data-title) ": "; color: var(--quiet); }
}
@media print {
  :root {
    --ink: #000000; --quiet: #333333; --paper: #ffffff; --sheet: #ffffff; --line: #999999;
    --good: #000000; --bad: #000000; --tint: #ffffff;
  }
  @page { margin: 15mm; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  section { border: 0; padding: 0; }
  dl > div { border: 1px solid var(--line); }
  h2, h3, caption { break-after: avoid; }
  article, tr { break-inside: avoid; }
}
"""

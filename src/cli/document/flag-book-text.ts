/** The book of flags as Markdown and as an HTML page. */
import type { Fact, FlagBook, FlagPage } from './flag-book.ts'

export function markdownOf({ title, source, flags }: FlagBook): string {
  const contents = flags.map(({ key }) => `- [${escapeMarkdown(key)}](#${anchorOf(key)})`)
  const sections = flags.map(markdownPage)
  return `${[`# ${title}`, source, contents.join('\n'), ...sections].join('\n\n')}\n`
}

function markdownPage({ key, description, facts, audience, outcomes, attempts, feedback }: FlagPage): string {
  const parts = [
    `<a id="${anchorOf(key)}"></a>\n\n## ${escapeMarkdown(key)}`,
    escapeMarkdown(description),
    markdownTable(facts),
    `Who gets what:\n\n${audience.map((line, index) => `${index + 1}. ${escapeMarkdown(line)}`).join('\n')}`,
  ]
  if (outcomes.length > 0) parts.push(`What was observed:\n\n${markdownTable(outcomes)}`)
  if (attempts.length > 0) {
    const listed = attempts.map(({ title, lines }) =>
      [`- **${escapeMarkdown(title)}**`, ...lines.map((line) => `  - ${escapeMarkdown(line)}`)].join('\n'),
    )
    parts.push(`Earlier attempts:\n\n${listed.join('\n')}`)
  }
  if (feedback.length > 0) parts.push(`What visitors said:\n\n${markdownTable(feedback)}`)
  return parts.join('\n\n')
}

function markdownTable(facts: readonly Fact[]): string {
  const rows = facts.map(([name, text]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(text)} |`)
  return ['| | |', '|---|---|', ...rows].join('\n')
}

/** Texts of a document are not markup. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_[\]|]/g, '\\$&')
    .replace(/</g, '&lt;')
    .replace(/\s*\n\s*/g, ' ')
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0}td{padding:.15rem .75rem .15rem 0;vertical-align:top}
td:first-child{color:GrayText;white-space:nowrap}section{border-top:1px solid;margin-top:2rem}
:root{color-scheme:light dark}`

export function htmlOf({ title, source, flags }: FlagBook): string {
  const contents = flags.map(({ key }) => `<li><a href="#${anchorOf(key)}">${escapeHtml(key)}</a></li>`)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
<p>${escapeHtml(source)}</p>
<nav><ul>${contents.join('')}</ul></nav>
${flags.map(htmlPage).join('\n')}
</body>
</html>
`
}

function htmlPage({ key, description, facts, audience, outcomes, attempts, feedback }: FlagPage): string {
  const observed = outcomes.length > 0 ? `\n<h3>What was observed</h3>\n${htmlTable(outcomes)}` : ''
  const listed = attempts.map(
    ({ title, lines }) =>
      `<li>${escapeHtml(title)}<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul></li>`,
  )
  const ended = attempts.length > 0 ? `\n<h3>Earlier attempts</h3>\n<ul>${listed.join('')}</ul>` : ''
  const said = feedback.length > 0 ? `\n<h3>What visitors said</h3>\n${htmlTable(feedback)}` : ''
  return `<section id="${anchorOf(key)}">
<h2>${escapeHtml(key)}</h2>
<p>${escapeHtml(description)}</p>
${htmlTable(facts)}
<h3>Who gets what</h3>
<ol>${audience.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ol>${observed}${ended}${said}
</section>`
}

function htmlTable(facts: readonly Fact[]): string {
  const rows = facts.map(
    ([name, text]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(text)}</td></tr>`,
  )
  return `<table>${rows.join('')}</table>`
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

/** Unique for each key, and valid in a link. */
function anchorOf(key: string): string {
  return `flag-${encodeURIComponent(key).replaceAll('%', '.')}`
}

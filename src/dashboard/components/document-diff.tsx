/** What differs between two documents, place by place. */
import type { Change } from '../../contract/responses.ts'
import { plural } from '../../core/figures.ts'

const MAX_LINES = 24
const MAX_SHOWN = 200
const MAX_INLINE_LENGTH = 72

type ChangesProps = { changes: readonly Change[]; nothing?: string }

export function Changes({ changes, nothing = 'No changes.' }: ChangesProps) {
  if (changes.length === 0) return <p class="hint">{nothing}</p>
  return (
    <ul class="changes">
      {changes.slice(0, MAX_SHOWN).map(({ path, kind, before, after }) => (
        <li key={path} class={kind}>
          <code class="path">{path.replace(/^\$\.?/, '') || 'the document'}</code>
          {kind !== 'added' && <del>{pretty(before)}</del>}
          {kind !== 'removed' && <ins>{pretty(after)}</ins>}
        </li>
      ))}
      {changes.length > MAX_SHOWN && (
        <li class="hint">{plural(changes.length - MAX_SHOWN, 'more change')}</li>
      )}
    </ul>
  )
}

/** The changes as people say them, by flag, rule and stage. */
export function ChangeSummary({ lines = [] }: { lines?: readonly string[] }) {
  if (lines.length === 0) return null
  return (
    <ul class="hint">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

function pretty(value: unknown): string {
  const short = JSON.stringify(value) ?? ''
  if (short.length <= MAX_INLINE_LENGTH) return short
  const lines = JSON.stringify(value, null, 2).split('\n')
  if (lines.length <= MAX_LINES) return lines.join('\n')
  return `${lines.slice(0, MAX_LINES).join('\n')}\n… ${plural(lines.length - MAX_LINES, 'more line')}`
}

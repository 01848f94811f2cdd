/** What differs between two documents, place by place. */
import type { Change } from '../../contract/responses.ts'
import { plural } from '../state/format.ts'

const MOST_LINES = 24
const MOST_SHOWN = 200

type ChangesProps = { changes: readonly Change[]; nothing?: string }

export function Changes({ changes, nothing = 'Nothing differs.' }: ChangesProps) {
  if (changes.length === 0) return <p class="hint">{nothing}</p>
  return (
    <ul class="changes">
      {changes.slice(0, MOST_SHOWN).map(({ path, kind, before, after }) => (
        <li key={path} class={kind}>
          <code class="path">{path.replace(/^\$\.?/, '') || 'the document'}</code>
          {kind !== 'added' && <del>{pretty(before)}</del>}
          {kind !== 'removed' && <ins>{pretty(after)}</ins>}
        </li>
      ))}
      {changes.length > MOST_SHOWN && (
        <li class="hint">{plural(changes.length - MOST_SHOWN, 'more change')}</li>
      )}
    </ul>
  )
}

function pretty(value: unknown): string {
  const short = JSON.stringify(value) ?? ''
  if (short.length <= 72) return short
  const lines = JSON.stringify(value, null, 2).split('\n')
  if (lines.length <= MOST_LINES) return lines.join('\n')
  return `${lines.slice(0, MOST_LINES).join('\n')}\n… ${plural(lines.length - MOST_LINES, 'more line')}`
}

/** JSON as text: the only editor of it on the page, for a flag and for the whole document. */
import { isObject, type JsonObject } from '../../core/json-object.ts'
import { messageOf } from '../../core/message-of.ts'

type JsonEditorProps = {
  label: string
  /** Whether only a screen reader needs the label. */
  isBare?: boolean
  rows: number
  readOnly?: boolean
  value: string
  /** Why the text means no object; see parseObject. */
  problem: string | undefined
  onChange: (text: string) => void
}

export function JsonEditor({ label, isBare, rows, readOnly, value, problem, onChange }: JsonEditorProps) {
  return (
    <label class="field json">
      <span class={isBare ? 'visually-hidden' : ''}>{label}</span>
      <textarea
        class="mono"
        spellcheck={false}
        rows={rows}
        readOnly={readOnly ?? false}
        value={value}
        aria-invalid={problem !== undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {problem && (
        <small class="problem" role="alert">
          {problem}
        </small>
      )}
    </label>
  )
}

/** The object that a text means, or why it means none. */
export function parseObject(text: string): JsonObject | string {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : 'Must be a JSON object: { … }'
  } catch (error) {
    return `Not valid JSON yet: ${messageOf(error)}`
  }
}

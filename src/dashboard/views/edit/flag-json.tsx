import { useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { JsonEditor, parseObject } from '../../components/json-editor.tsx'

type FlagJsonProps = { definition: JsonObject; onChange: (definition: JsonObject) => void }

const MIN_ROWS = 12
const MAX_ROWS = 36

/** The flag as JSON, beside its form: both can be edited. */
export function FlagJson({ definition, onChange }: FlagJsonProps) {
  const [typed, setTyped] = useState<{ text: string; of: JsonObject }>()
  // A text stays as it was typed until the form changes the flag.
  const isCurrent = typed !== undefined && JSON.stringify(typed.of) === JSON.stringify(definition)
  const text = isCurrent ? typed.text : JSON.stringify(definition, null, 2)
  const parsed = parseObject(text)
  const type = (next: string) => {
    const meant = parseObject(next)
    const isObject = typeof meant !== 'string'
    setTyped({ text: next, of: isObject ? meant : definition })
    if (isObject) onChange(meant)
  }
  return (
    <JsonEditor
      label="JSON"
      rows={Math.min(MAX_ROWS, Math.max(MIN_ROWS, text.split('\n').length + 1))}
      value={text}
      problem={typeof parsed === 'string' ? parsed : undefined}
      onChange={type}
    />
  )
}

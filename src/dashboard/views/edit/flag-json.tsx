import { useEffect, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { JsonEditor, parseObject } from '../../components/json-editor.tsx'

type FlagJsonProps = { definition: JsonObject; onChange: (definition: JsonObject) => void }

const MIN_ROWS = 12
const MAX_ROWS = 36

/** The flag as JSON, beside its form: both can be edited. */
export function FlagJson({ definition, onChange }: FlagJsonProps) {
  const [text, setText] = useState(() => textOf(definition))
  const parsed = parseObject(text)
  useEffect(() => {
    // A text that means the same stays as it was typed.
    if (JSON.stringify(parsed) !== JSON.stringify(definition)) setText(textOf(definition))
  }, [definition])
  return (
    <JsonEditor
      label="JSON"
      rows={Math.min(MAX_ROWS, Math.max(MIN_ROWS, text.split('\n').length + 1))}
      value={text}
      problem={typeof parsed === 'string' ? parsed : undefined}
      onChange={(typed) => {
        setText(typed)
        const next = parseObject(typed)
        if (typeof next !== 'string') onChange(next)
      }}
    />
  )
}

function textOf(definition: JsonObject): string {
  return JSON.stringify(definition, null, 2)
}

import { useEffect, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import { messageOf } from '../../../core/message-of.ts'

type JsonPaneProps = { definition: JsonObject; onChange: (definition: JsonObject) => void }

/** The flag as JSON, beside its form: either can be typed into. */
export function JsonPane({ definition, onChange }: JsonPaneProps) {
  const [text, setText] = useState(() => textOf(definition))
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    // What is being typed here stays as it was typed.
    if (!means(text, definition)) {
      setText(textOf(definition))
      setProblem(undefined)
    }
  }, [definition])
  const type = (typed: string) => {
    setText(typed)
    try {
      const parsed: unknown = JSON.parse(typed)
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
        throw new Error('a flag is an object: { … }')
      setProblem(undefined)
      onChange(parsed as JsonObject)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <label class="field json">
      <span>JSON</span>
      <textarea
        class="mono"
        spellcheck={false}
        rows={Math.min(36, Math.max(12, text.split('\n').length + 1))}
        value={text}
        aria-invalid={problem !== undefined}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {problem && (
        <small class="problem" role="alert">
          Not JSON yet: {problem}
        </small>
      )}
    </label>
  )
}

function textOf(definition: JsonObject): string {
  return JSON.stringify(definition, null, 2)
}

function means(text: string, definition: JsonObject): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(definition)
  } catch {
    return false
  }
}

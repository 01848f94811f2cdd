/** What a draft would do: its problems at once, by the gate's schema; its impact a moment later, from the gate. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { AdminClient } from '../../../contract/client.ts'
import type { Responses } from '../../../contract/responses.ts'
import { parseDocumentValue } from '../../../core/config/parse/parse.ts'
import type { Problem } from '../../../core/config/parse/problems.ts'
import type { JsonObject } from '../../../core/json-object.ts'

/** Long enough that typing a word makes one request. */
const REVIEW_AFTER_MS = 500
/** Characters. */
const LONG_TEXT = 200_000
const SETTLED_AFTER_MS = 300

export type Review = {
  problems: readonly Problem[]
  /** Undefined while it is not known. */
  effect: Responses['diffDocument'] | undefined
  /** The latest that are known, also while the draft is not valid. */
  examples: Responses['diffDocument']['examples'] | undefined
  /** Whether the gate has said what it would do, or cannot. */
  isKnown: boolean
}

/** What has to be confirmed before a draft of version `base` is published; none where it is not known. */
export function questionsOf({ effect }: Review, base: number): readonly string[] {
  // Compared with a later version, what another operator has added looks removed: that is a conflict.
  return effect?.needsConfirmation && effect.against === base ? effect.questions : []
}

/** `flag`: of which to tell how many recent visitors each rule is about. */
export function useReview(client: AdminClient, document: JsonObject | undefined, flag?: string): Review {
  const written = useMemo(() => (document === undefined ? undefined : JSON.stringify(document)), [document])
  const text = useSettled(written)
  const problems = useMemo(() => {
    if (text === undefined) return []
    const parsed = parseDocumentValue(JSON.parse(text))
    return parsed.ok ? [] : parsed.problems
  }, [text])
  const [effect, setEffect] = useState<Responses['diffDocument']>()
  const [examples, setExamples] = useState<Review['examples']>()
  const [knownText, setKnownText] = useState<string>()
  const isValid = problems.length === 0
  useEffect(() => {
    setEffect(undefined)
    if (text === undefined || !isValid) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      const asked = flag === undefined ? {} : { flag }
      client.call('diffDocument', { body: { document: text, ...asked } }, stop.signal).then(
        (found) => {
          if (stop.signal.aborted) return
          setEffect(found)
          setExamples(found.examples)
          setKnownText(text)
        },
        // Then the gate asks when it is published.
        () => !stop.signal.aborted && setKnownText(text),
      )
    }, REVIEW_AFTER_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [client, text, isValid, flag])
  return { problems, effect, examples, isKnown: written !== undefined && knownText === written }
}

/** Validating thousands of flags at each key stroke would make typing stutter: a long text waits for a pause. */
function useSettled(text: string | undefined): string | undefined {
  const [settled, setSettled] = useState(text)
  const isLong = text !== undefined && text.length > LONG_TEXT
  useEffect(() => {
    if (!isLong) return
    const timer = setTimeout(() => setSettled(text), SETTLED_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text, isLong])
  return isLong ? settled : text
}

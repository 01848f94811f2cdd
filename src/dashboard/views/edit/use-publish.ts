/** Publishing a document: it succeeds, is refused, needs confirmation, or conflicts with another version. */
import { useState } from 'preact/hooks'
import { ApiError } from '../../../contract/client.ts'
import type { Responses } from '../../../contract/responses.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { textOf, useSession } from '../../state/session.ts'
import { type Conflict, conflictOf } from './conflict.tsx'

export type Attempt = {
  document: JsonObject | string
  /** The version that the document is based on. */
  base: number
  /** The reason where the user gives none. */
  defaultReason: string
  /** What has to be confirmed, as far as it is known beforehand: then no request has to fail for it. */
  questions: readonly string[]
}

/** The word is given for one text: another one is asked about anew. */
type Unconfirmed = { text: string; questions: readonly string[] }

export type Publishing = {
  /** Kept until it is published. */
  reason: string
  setReason(reason: string): void
  isBusy: boolean
  problem: string | undefined
  conflict: Conflict | undefined
  /** What has to be confirmed of a document, in one sentence each. */
  unconfirmed: Unconfirmed | undefined
  /** Resolves with undefined where it was not published; the other fields have the reason. */
  publish(attempt: Attempt): Promise<Responses['publishDocument'] | undefined>
  reset(): void
}

export function usePublish(): Publishing {
  const { client } = useSession()
  const [reason, setReason] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [conflict, setConflict] = useState<Conflict>()
  const [unconfirmed, setUnconfirmed] = useState<Unconfirmed>()
  const reset = () => {
    setProblem(undefined)
    setConflict(undefined)
    setUnconfirmed(undefined)
  }
  const publish = async ({ document, base, defaultReason, questions }: Attempt) => {
    const text = JSON.stringify(document)
    if (questions.length > 0 && unconfirmed?.text !== text) {
      setUnconfirmed({ text, questions })
      return undefined
    }
    setIsBusy(true)
    setProblem(undefined)
    try {
      const why = { reason: reason.trim() || defaultReason, confirm: unconfirmed?.text === text }
      const body = { document, expectedVersion: base, ...why }
      const published = await client.call('publishDocument', { body })
      reset()
      setReason('')
      return published
    } catch (error) {
      const details = error instanceof ApiError ? error.problem : undefined
      const found = details && conflictOf(details)
      if (found) setConflict(found)
      else if (details?.questions) setUnconfirmed({ text, questions: details.questions })
      else setProblem(textOf(error))
      return undefined
    } finally {
      setIsBusy(false)
    }
  }
  return { reason, setReason, isBusy, problem, conflict, unconfirmed, publish, reset }
}

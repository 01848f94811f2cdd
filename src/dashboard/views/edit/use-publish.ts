/** Publishing a document: done, refused with a reason, asked back, or overtaken by somebody else. */
import { useState } from 'preact/hooks'
import { ApiError } from '../../../contract/client.ts'
import type { PeopleMoved, Responses } from '../../../contract/responses.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { type Conflict, conflictOf } from './conflict.tsx'

export type Attempt = {
  document: JsonObject | string
  /** The version that the document was made from. */
  base: number
  /** What the audit log says where the person gave no reason. */
  did: string
}

export type Publishing = {
  /** Why the person publishes; kept until it is done, whatever comes between. */
  reason: string
  giveReason(reason: string): void
  isBusy: boolean
  problem: string | undefined
  conflict: Conflict | undefined
  /** The people whose move has to be confirmed. */
  asking: PeopleMoved | undefined
  /** Undefined where it was not published; why stands in the other fields. */
  publish(attempt: Attempt): Promise<Responses['publishDocument'] | undefined>
  forget(): void
}

export function usePublish(): Publishing {
  const { client } = useSession()
  const [reason, giveReason] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [conflict, setConflict] = useState<Conflict>()
  const [asking, setAsking] = useState<PeopleMoved>()
  const forget = () => {
    setProblem(undefined)
    setConflict(undefined)
    setAsking(undefined)
  }
  const publish = async ({ document, base, did }: Attempt) => {
    setIsBusy(true)
    setProblem(undefined)
    try {
      const why = { reason: reason.trim() || did, confirm: asking !== undefined }
      const body = { document, expectedVersion: base, ...why }
      const published = await client.call('publishDocument', { body })
      forget()
      giveReason('')
      return published
    } catch (error) {
      const details = error instanceof ApiError ? error.problem : undefined
      const found = details && conflictOf(details)
      if (found) setConflict(found)
      else if (details?.people) setAsking(details.people)
      else setProblem(textOf(error))
      return undefined
    } finally {
      setIsBusy(false)
    }
  }
  return { reason, giveReason, isBusy, problem, conflict, asking, publish, forget }
}

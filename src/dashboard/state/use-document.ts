/** The document as it stands, for the views that change it. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../contract/responses.ts'
import { textOf } from './session.ts'
import { useSession } from './session-context.ts'

export type DocumentView = Responses['getDocument']

export type LoadedDocument = {
  /** Undefined until it is there; kept where loading it again fails. */
  document: DocumentView | undefined
  problem: string | undefined
  /** Loads it again; undefined where that fails. */
  load(): Promise<DocumentView | undefined>
}

/** Loads the document, and says what is in the way. */
export function useDocument(): LoadedDocument {
  const { client } = useSession()
  const [document, setDocument] = useState<DocumentView>()
  const [problem, setProblem] = useState<string>()
  const load = useCallback(
    () =>
      client.call('getDocument').then(
        (found) => {
          setDocument(found)
          setProblem(undefined)
          return found
        },
        (error) => void setProblem(textOf(error)),
      ),
    [client],
  )
  useEffect(() => void load(), [load])
  return { document, problem, load }
}

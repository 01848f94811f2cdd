/** The document in force, for the views that change it. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../contract/responses.ts'
import { textOf, useSession } from './session.ts'

export type DocumentView = Responses['getDocument']

export type LoadedDocument = {
  /** Undefined until it is loaded; kept where loading it again fails. */
  document: DocumentView | undefined
  problem: string | undefined
  /** Loads it again; undefined where that fails. */
  load(): Promise<DocumentView | undefined>
}

export function useDocument(): LoadedDocument {
  const { client } = useSession()
  const [document, setDocument] = useState<DocumentView>()
  const [problem, setProblem] = useState<string>()
  const load = useCallback(async () => {
    try {
      const found = await client.call('getDocument')
      setDocument(found)
      setProblem(undefined)
      return found
    } catch (error) {
      setProblem(textOf(error))
      return undefined
    }
  }, [client])
  useEffect(() => void load(), [load])
  return { document, problem, load }
}

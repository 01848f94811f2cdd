/** The document in force at a gate. */
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import type { Call } from '../base/command.ts'
import { Refusal } from '../base/errors.ts'

export async function documentOfGate(ask: Call['ask']): Promise<{ version: number; document: GateDocument }> {
  const { text, version } = await ask('getDocument')
  const parsed = parseDocument(text)
  if (parsed.ok) return { version, document: parsed.value }
  throw new Refusal(
    'Cannot read the document of the gate, which runs another version of Sluice: use that version',
  )
}

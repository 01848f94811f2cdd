/** Decides flags of a document in-process, as the gate does. */

import { compileSnapshot } from '../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../src/core/config/control.ts'
import { parseDocument } from '../../src/core/config/parse/parse.ts'
import type { GateDocumentInput } from '../../src/core/config/schema/document.ts'
import type { AttributeValue } from '../../src/core/context/attributes.ts'
import { staticContext } from '../../src/core/context/attributes.ts'
import { type Decision, decide } from '../../src/core/decision/decide.ts'
import type { Imported } from '../../src/interop/imported.ts'
import { seeded } from '../../test-kit/simulation/random.ts'

export type Visitor = { targetingKey?: string; attributes?: Record<string, AttributeValue | undefined> }
export type Decider = (flag: string, visitor: Visitor) => Decision | undefined

/** The document of an import, or an error that says what is wrong with the source. */
export function documentIn(imported: Imported): GateDocumentInput {
  if (!imported.ok) throw new Error(JSON.stringify(imported.problems, null, 2))
  return imported.document
}

/** `random` gives what stands for chance; `nowMs` is the time of every decision. */
export function deciderFor(
  document: GateDocumentInput,
  { environment = 'production', nowMs = Date.now(), random = seeded('decider', 1).next } = {},
): Decider {
  const parsed = parseDocument(JSON.stringify(document))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2))
  const { flags } = compileSnapshot(parsed.value)
  const inputs = {
    flags,
    control: compileControl(INITIAL_CONTROL_STATE, []),
    environment,
    nowMs,
    overrides: undefined,
  }
  return (key, { targetingKey, attributes = {} }) => {
    const flag = flags.get(key)
    const context = { ...staticContext(targetingKey, { now: nowMs, ...attributes }), random }
    return flag && decide(flag, context, inputs)
  }
}

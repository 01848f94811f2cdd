/** In what two splits differ, by the names that people read. */
import type { GateDocument } from '../../config/schema/document.ts'
import { meaningOf } from '../../config/split/normal-form.ts'
import { surroundingsOf } from '../../config/split/split.ts'

export type SplitPart = 'identity' | 'salt' | 'conditions' | 'serve' | 'values' | 'routes and origins'

/** Takes one part of a document over into another one. */
type Take = (into: GateDocument, from: GateDocument, flag: string) => GateDocument

/** Each part is put back to what it was: where that changes the digest, the part differs. */
const PARTS: Readonly<Record<SplitPart, Take>> = {
  identity: (into, from) => ({
    ...into,
    context: { ...into.context, targetingKey: from.context.targetingKey },
  }),
  salt: (into, from, flag) => withFlag(into, flag, { salt: from.flags[flag]?.salt }),
  conditions: (into, from, flag) => {
    const { attributes } = from.context
    return withFlag({ ...into, context: { ...into.context, attributes } }, flag, {
      rules: withServeOf(from.flags[flag]?.rules ?? [], into.flags[flag]?.rules ?? []),
    })
  },
  serve: (into, from, flag) =>
    withFlag(into, flag, {
      off: from.flags[flag]?.off,
      rules: withServeOf(into.flags[flag]?.rules ?? [], from.flags[flag]?.rules ?? []),
    }),
  values: (into, from, flag) => withFlag(into, flag, { variants: from.flags[flag]?.variants }),
  'routes and origins': (into, from) => ({ ...into, origins: from.origins, routes: from.routes }),
}

/** In what two documents' splits of a flag that both have differ. */
export function splitDifference(flag: string, before: GateDocument, after: GateDocument): SplitPart[] {
  const digest = (document: GateDocument) => {
    const definition = document.flags[flag]
    return definition && meaningOf(flag, definition, surroundingsOf(document)(flag))
  }
  const now = digest(after)
  return (Object.keys(PARTS) as SplitPart[]).filter(
    (part) => digest(PARTS[part](after, before, flag)) !== now,
  )
}

type Flag = GateDocument['flags'][string]

function withFlag(
  document: GateDocument,
  key: string,
  parts: { [K in keyof Flag]?: Flag[K] | undefined },
): GateDocument {
  const flag = { ...document.flags[key], ...parts } as Flag
  return { ...document, flags: { ...document.flags, [key]: flag } }
}

/** Rules that serve what others of their place serve. */
function withServeOf(rules: Flag['rules'], others: Flag['rules']): Flag['rules'] {
  return rules.map((rule, index) => ({ ...rule, serve: (others[index] ?? rule).serve }))
}

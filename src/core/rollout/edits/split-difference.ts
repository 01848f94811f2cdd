/** In what two splits differ, by the names that people read. */
import type { FlagConfig, GateDocument } from '../../config/schema/document.ts'
import { meaningOf } from '../../config/split/normal-form.ts'
import { surroundingsOf } from '../../config/split/split.ts'

export type SplitPart = 'identity' | 'salt' | 'conditions' | 'serve' | 'values' | 'routes and origins'

/** A flag in its document. */
type Definition = { flag: FlagConfig; document: GateDocument }

/** Takes one part of a definition over into another one. */
type Take = (into: Definition, from: Definition) => Definition

/** Each part is put back to what it was: where that changes the digest, the part differs. */
const PARTS: Readonly<Record<SplitPart, Take>> = {
  identity: (into, { document: { context } }) => withContext(into, { targetingKey: context.targetingKey }),
  salt: (into, { flag: { salt } }) => withFlag(into, { salt }),
  conditions: (into, { flag, document: { context } }) =>
    withFlag(withContext(into, { attributes: context.attributes }), {
      rules: withServeOf(flag.rules, into.flag.rules),
    }),
  serve: (into, { flag: { off, rules } }) =>
    withFlag(into, { off, rules: withServeOf(into.flag.rules, rules) }),
  values: (into, { flag: { variants } }) => withFlag(into, { variants }),
  'routes and origins': ({ flag, document }, { document: { origins, routes } }) => ({
    flag,
    document: { ...document, origins, routes },
  }),
}

/** In what two documents' splits of a flag that both have differ. */
export function splitDifference(key: string, before: Definition, after: Definition): SplitPart[] {
  const digest = ({ flag, document }: Definition) => meaningOf(key, flag, surroundingsOf(document)(key))
  const now = digest(after)
  return (Object.keys(PARTS) as SplitPart[]).filter((part) => digest(PARTS[part](after, before)) !== now)
}

function withFlag(
  { flag, document }: Definition,
  parts: { [K in keyof FlagConfig]?: FlagConfig[K] | undefined },
): Definition {
  return { flag: { ...flag, ...parts } as FlagConfig, document }
}

function withContext({ flag, document }: Definition, parts: Partial<GateDocument['context']>): Definition {
  return { flag, document: { ...document, context: { ...document.context, ...parts } } }
}

/** Rules that serve what others of their place serve. */
function withServeOf(rules: FlagConfig['rules'], others: FlagConfig['rules']): FlagConfig['rules'] {
  return rules.map((rule, index) => ({ ...rule, serve: (others[index] ?? rule).serve }))
}

/** Gate documents for tests: one flag `f` that leads `/*` to `new` when on, to `old` when off. */

export type FlagParts = Readonly<Record<string, unknown>>

export const FLAG = 'f'

/** A flag of variants on and off, with the parts that a test is about. */
export function flag(parts: FlagParts = {}): FlagParts {
  return { variants: { on: true, off: false }, off: 'off', ...parts }
}

/** A document of two origins and one flag; `more` replaces or adds parts of the document. */
export function document(
  urls: { old: string; new: string },
  flagParts: FlagParts,
  more: { flags?: Readonly<Record<string, FlagParts>>; [part: string]: unknown } = {},
) {
  const { flags = {}, ...parts } = more
  return {
    origins: { old: { url: urls.old }, new: { url: urls.new } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: { [FLAG]: flag(flagParts), ...flags },
    ...parts,
  }
}

/** A document of several flags; each decides the path that is named after it. */
export function documentOfFlags(
  urls: { old: string; new: string },
  flags: Readonly<Record<string, FlagParts>>,
  more: Readonly<Record<string, unknown>> = {},
) {
  const routes = Object.keys(flags).map((key): object => ({
    path: `/${key}`,
    flag: key,
    origins: { on: 'new', off: 'old' },
  }))
  return {
    origins: { old: { url: urls.old }, new: { url: urls.new } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [...routes, { path: '/*', origin: 'old' }],
    flags: Object.fromEntries(Object.entries(flags).map(([key, parts]) => [key, flag(parts)])),
    ...more,
  }
}

/** A flag whose one rule climbs these stages. */
export const staged = (stages: readonly object[], parts: FlagParts = {}): FlagParts => ({
  rules: [{ serve: 'on', stages }],
  ...parts,
})

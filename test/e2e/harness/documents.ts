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

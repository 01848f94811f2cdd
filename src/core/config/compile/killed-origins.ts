import type { Control } from '../control.ts'
import type { FlagTarget, Origin } from './route-target.ts'
import type { Snapshot } from './snapshot.ts'

/** Origins of killed variants. One that is a control, of any flag, is not among them. */
export type KilledOrigins = {
  /** No worker comes from here: a browser keeps it when the page is long gone. */
  killed: ReadonlySet<Origin>
  /** Nothing at all comes from here that another origin lacks; no open flag leads here. */
  isolated: ReadonlySet<Origin>
}

/** The origins from which a kill keeps assets away, by the document and the kills in force. */
export function killedOrigins({ routes, fallback }: Snapshot, control: Control): KilledOrigins {
  const targets = routes.flatMap(({ target }) => (target.kind === 'flag' ? [target] : []))
  const controls = new Set([fallback, ...targets.map(({ stable }) => stable)])
  const canariesOf = (isWanted: (target: FlagTarget) => boolean) =>
    new Set(
      targets.filter(isWanted).flatMap(({ distinct }) => distinct.filter((origin) => !controls.has(origin))),
    )
  const open = canariesOf(
    ({ flag }) => flag.enabled && !control.isKilled(flag.key) && !control.of(flag.key).rolledBack,
  )
  const isolated = canariesOf(({ flag }) => control.isKilled(flag.key) && control.isIsolated(flag.key))
  return {
    killed: canariesOf(({ flag }) => control.isKilled(flag.key)),
    isolated: new Set([...isolated].filter((origin) => !open.has(origin))),
  }
}

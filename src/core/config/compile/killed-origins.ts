import { type Control, KILL_ALL } from '../control.ts'
import type { FlagTarget, Origin } from './route-target.ts'
import type { Snapshot } from './snapshot.ts'

/** Origins of variants that a kill or a rollback closed. One that is a control, of any flag, is not among them. */
export type KilledOrigins = {
  /** Killed or rolled back: no service worker comes from here, as a browser keeps it when the page is long gone. */
  closed: ReadonlySet<Origin>
  /** No worker of any kind comes from here. */
  killed: ReadonlySet<Origin>
  /** Nothing at all comes from here that another origin lacks; no open flag leads here. */
  isolated: ReadonlySet<Origin>
}

/** An origin that a kill was to isolate and did not: the flags that lead there, or have it as their control. */
export type KeptOpen = { origin: string; flags: string[] }

/**
 * The origins of a killed flag's variants that stay open for others; of all flags for `*`. Without flags where an origin is
 * the stable one of everything else.
 */
export function keptOpen(snapshot: Snapshot, control: Control, flag: string): KeptOpen[] {
  const { isolated } = killedOrigins(snapshot, control)
  const targets = flagTargetsOf(snapshot)
  const wanted = targets.filter((target) => flag === KILL_ALL || target.flag.key === flag)
  const left = new Set(
    wanted.flatMap(({ distinct, stable }) => distinct.filter((origin) => origin !== stable)),
  )
  return [...left]
    .filter((origin) => !isolated.has(origin))
    .map((origin) => {
      const holders = targets.filter(
        (target) => target.stable === origin || (isOpen(target, control) && target.distinct.includes(origin)),
      )
      return { origin: origin.name, flags: [...new Set(holders.map((target) => target.flag.key))].sort() }
    })
}

function flagTargetsOf({ routes }: Snapshot): FlagTarget[] {
  return routes.flatMap(({ target }) => (target.kind === 'flag' ? [target] : []))
}

function isOpen({ flag }: FlagTarget, control: Control): boolean {
  return flag.enabled && !isClosed(flag.key, control)
}

function isClosed(flag: string, control: Control): boolean {
  return control.isKilled(flag) || control.of(flag).rolledBack !== undefined
}

/** The origins from which assets are kept away, by the document and the kills and rollbacks in force. */
export function killedOrigins(snapshot: Snapshot, control: Control): KilledOrigins {
  const targets = flagTargetsOf(snapshot)
  const controls = new Set([snapshot.fallback, ...targets.map(({ stable }) => stable)])
  const canariesOf = (isWanted: (target: FlagTarget) => boolean) =>
    new Set(
      targets.filter(isWanted).flatMap(({ distinct }) => distinct.filter((origin) => !controls.has(origin))),
    )
  const open = canariesOf((target) => isOpen(target, control))
  const isolated = canariesOf(({ flag }) => control.isKilled(flag.key) && control.isIsolated(flag.key))
  return {
    closed: canariesOf(({ flag }) => isClosed(flag.key, control)),
    killed: canariesOf(({ flag }) => control.isKilled(flag.key)),
    isolated: new Set([...isolated].filter((origin) => !open.has(origin))),
  }
}

/** Which flags a document counts anew by their metrics: what those had come to must stay, and is told before it is published. */
import type { Snapshot } from '../../../core/config/compile/snapshot.ts'
import type { ControlState, FlagControl } from '../../../core/config/control.ts'
import type { GateDocument } from '../../../core/config/schema/document.ts'
import { isAttempt } from '../../../core/config/split/split.ts'
import type { CompiledFlag } from '../../../core/flags/flag.ts'
import { sharesOf } from '../../../core/metrics/spec.ts'
import { flagStatus } from '../../../core/rollout/commands.ts'
import { percentageOf } from '../../../core/rollout/news/transition.ts'
import { identityOf, unchangedOf } from '../../storage/metrics/identity.ts'

type Side = { document: GateDocument; snapshot: Snapshot }
/** `removed`: nothing of it is measured any more. */
type Anew = { flag: string; control: FlagControl; ending: 'removed' | 'replaced' }

/**
 * Experiments of a split without stages, which are no attempts: where a document deals or compares their visitors otherwise, the count
 * begins anew.
 */
export function measuredAnew(state: ControlState, before: Side, after: Pick<Side, 'snapshot'>): Anew[] {
  return measuredBy(before).flatMap((flag): Anew[] => {
    const config = before.document.flags[flag]
    const control = flagStatus(state, flag)
    if (config === undefined || isAttempt(config) || control.rolledBack || control.finished) return []
    const was = dealOf(before.snapshot.flags.get(flag), control)
    const is = dealOf(after.snapshot.flags.get(flag), control)
    if (was === undefined || was === is) return []
    return [{ flag, control, ending: is === undefined ? 'removed' : 'replaced' }]
  })
}

/** "button: its metrics are counted anew; what they have shown stays as an outcome", a line for each flag. */
export function measuredAnewTexts(state: ControlState, before: Side, after: Side): string[] {
  const ended = measuredAnew(state, before, after)
  const stays = 'what they have shown stays as an outcome'
  const known = new Set(ended.map(({ flag }) => flag))
  const redefined = measuredBy(before).flatMap((flag) => {
    const [was, is] = [before, after].map(({ snapshot }) => snapshot.flags.get(flag)?.measures)
    if (was === undefined || is === undefined || known.has(flag)) return []
    const goOn = unchangedOf(identityOf(was), identityOf(is))
    const anew = is.metrics.filter(
      ({ name }) => !goOn.includes(name) && was.metrics.some((each) => each.name === name),
    )
    return anew.map(
      ({ name }) => `${flag}: ${name} is counted anew, of visitors who meet the flag from then on`,
    )
  })
  const lines = ended.map(
    ({ flag, ending }) =>
      `${flag}: its metrics are counted ${ending === 'removed' ? 'no more' : 'anew'}; ${stays}`,
  )
  return [...lines, ...redefined]
}

const measuredBy = ({ snapshot }: Side) => [
  ...new Set([...(snapshot.measured?.flagsOf.values() ?? [])].flat()),
]

/** Which variants a flag compares, and how it deals them, as text; undefined for one that compares nothing. */
function dealOf(flag: CompiledFlag | undefined, control: FlagControl): string | undefined {
  const measures = flag?.measures
  if (flag === undefined || measures === undefined) return undefined
  return JSON.stringify([measures.variants, sharesOf(measures, percentageOf(flag, control))])
}

/** A day of a site with a request every two seconds: document, plan, guard, rollout and words together, by a clock that is made up. */
import { expect, it } from 'vitest'
import { INITIAL_CONTROL_STATE, INITIAL_FLAG_CONTROL } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { initialGuardState, reportOf, stepGuard } from '../../../src/core/guard/index.ts'
import { applyCommand } from '../../../src/core/rollout/commands.ts'
import { comingPercentage, compilePlans, settingsAtStage } from '../../../src/core/rollout/plan.ts'
import { type Steady, steadyVerdict } from '../../../src/core/rollout/steady.ts'
import { stepRollout } from '../../../src/core/rollout/step.ts'
import { trafficTick } from '../../../test-kit/simulation/guard-traffic.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'

const LADDER = [10, 50, 100]
const HOLDBACK_PERCENT = 1

function planOf() {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' } },
    routes: [{ path: '/*', origin: 'old' }],
    flags: {
      f: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [
          { serve: 'on', stages: LADDER.map((percentage) => ({ percentage, bake: '10m', within: '4h' })) },
        ],
        guard: {},
      },
    },
  })
  const plan = parsed.ok ? compilePlans(parsed.value).get('f') : undefined
  if (plan?.guard === undefined) throw new Error(`Cannot plan: ${JSON.stringify(parsed)}`)
  return { ...plan, guard: plan.guard }
}

/** A rollout of a healthy canary, second by second. */
function day(run: number) {
  const plan = planOf()
  const random = seeded('a day at half a request a second', run)
  const truth = () => ({ canaryRate: 0.005, controlRate: 0.005, slowdown: 1 })
  let control = INITIAL_CONTROL_STATE
  let guard = initialGuardState({ generation: 1, stage: 0, percentage: 10, atMs: 0 })
  let steady: Steady | undefined
  const reasons: string[] = []
  const flips: number[] = []
  let second = 0
  while (second++ < 86_400) {
    const flag = control.flags.f ?? INITIAL_FLAG_CONTROL
    const { generation, stage } = flag
    const percentage = Math.min(LADDER[stage] ?? 100, 100 - HOLDBACK_PERCENT)
    const tick = {
      ...trafficTick(random, { requestsPerSecond: 0.5, truth }, second, { generation, stage, percentage }),
      comingTo: comingPercentage(plan.stages, stage, HOLDBACK_PERCENT * 1_000),
    }
    const looked = stepGuard(settingsAtStage(plan.guard, plan.stages[stage]), guard, tick)
    guard = looked.state
    const report = reportOf(looked.verdict)
    const step = stepRollout({
      ...{ plan, control: flag, isKilled: false, verdict: looked.verdict, permission: { allowed: true } },
    })
    const told = { ...report, needsOperator: step.needsOperator ?? false, place: `${generation} ${stage}` }
    const before = steady
    steady = steadyVerdict(steady, told, second * 1_000)
    if (before?.place === steady.place && wordOf(before) !== wordOf(steady)) flips.push(second)
    if (step.command === undefined) continue
    reasons.push(step.command.reason)
    const { kind, reason } = step.command
    const done = applyCommand(control, { kind, flag: 'f' }, { stages: LADDER }, second * 1_000, reason)
    if (!done.ok) throw new Error(done.error)
    control = done.state
    if (kind !== 'advance') break
  }
  return { second, reasons, flips, flag: control.flags.f }
}

/** As verdict-word.ts has it: `no-data` and `inconclusive` are one word. */
const wordOf = ({ kind, needsOperator }: Steady) =>
  needsOperator ? 'Needs you' : kind === 'healthy' ? 'OK' : kind === 'failing' ? 'Worse' : 'Collecting'

it.each([3])(
  '10/50/100 within 4 h each is finished in a day, and its words hold (run %i)',
  { timeout: 120_000 },
  (run) => {
    const { second, reasons, flips, flag } = day(run)
    expect([flag?.finished, flag?.rolledBack]).toEqual([true, undefined])
    expect(second).toBeLessThan(86_400)
    expect(reasons).toHaveLength(3)
    // What the time of a stage doesn't let exclude is said, stage by stage.
    for (const reason of reasons) expect(reason).toMatch(/worse by up to [\d.]+ points? is not excluded/)
    expect(flips.length).toBeLessThanOrEqual((2 * second) / 3_600)
    const mostInAnHour = Math.max(
      0,
      ...flips.map((at) => flips.filter((each) => each >= at && each < at + 3_600).length),
    )
    expect(mostInAnHour).toBeLessThanOrEqual(2)
  },
)

import { expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { decide } from '../../../src/core/decision/decide.ts'
import { replay, valuesToHash } from '../../../src/core/decision/replay.ts'
import {
  type DecisionSample,
  samplingPlanOf,
  sealSample,
  takeSample,
} from '../../../src/core/decision/sample.ts'

const CONTROL = compileControl(INITIAL_CONTROL_STATE, [])
const hash = async (text: string) => `#${text}`

function snapshotOf(rule: object, extra: Record<string, object> = {}): Snapshot {
  const flag = { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on', ...rule }] }
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    context: { targetingKey: [{ header: 'x-user' }], attributes: { email: { header: 'x-mail' } } },
    routes: [{ path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } }],
    flags: { shop: flag, ...extra },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

type Visitor = { key: string; attributes: Record<string, AttributeValue> }

async function samplesOf(snapshot: Snapshot, visitors: readonly Visitor[]): Promise<DecisionSample[]> {
  const plan = samplingPlanOf(snapshot)
  const request = { host: 'shop.test', path: '/orders/12345', method: 'GET', nowMs: 1_000 }
  return await Promise.all(
    visitors.map(({ key, attributes }) =>
      sealSample(takeSample(plan, staticContext(key, attributes), request, key), hash),
    ),
  )
}

async function people(before: Snapshot, after: Snapshot, visitors: readonly Visitor[]) {
  const samples = await samplesOf(before, visitors)
  const hashes = new Map<string, string>()
  for (const value of valuesToHash(after, samples)) hashes.set(value, await hash(value))
  const changed = new Set(['shop', ...after.flags.keys()])
  return replay({
    before: { snapshot: before, control: CONTROL },
    after: { snapshot: after, control: CONTROL },
    changed,
    samples,
    environment: 'production',
    nowMs: 1_000,
    hashes,
  })
}

/** How many really get something else. */
function reallyMoved(before: Snapshot, after: Snapshot, visitors: readonly Visitor[]): number {
  const variant = ({ flags }: Snapshot, { key, attributes }: Visitor) => {
    const inputs = { flags, control: CONTROL, environment: 'production', nowMs: 1_000, overrides: undefined }
    const flag = flags.get('shop')
    return flag && decide(flag, staticContext(key, attributes), inputs).variant
  }
  return visitors.filter((visitor) => variant(before, visitor) !== variant(after, visitor)).length
}

const VISITORS: Visitor[] = Array.from({ length: 2_000 }, (_, index) => ({
  key: `visitor-${index}`,
  attributes: {
    country: ['RO', 'US', 'DE'][index % 3] ?? 'RO',
    email: `${index}@${index % 2 ? 'a' : 'b'}.test`,
  },
}))

it('tells exactly who moves when a percentage changes', async () => {
  const [before, after] = [snapshotOf({ percentage: 10 }), snapshotOf({ percentage: 35.5 })]
  const moved = await people(before, after, VISITORS)
  expect(moved.flags[0]?.moved).toBe(reallyMoved(before, after, VISITORS))
  expect(moved).toMatchObject({
    samples: 2_000,
    unknown: 0,
    flags: [{ flag: 'shop', moves: [{ from: 'off', to: 'on' }] }],
  })
})

it('tells exactly who moves when a condition on a recorded attribute changes, and from where', async () => {
  const when = (country: string) => ({ when: [{ attribute: 'country', op: 'in', values: [country] }] })
  const [before, after] = [snapshotOf(when('RO')), snapshotOf(when('US'))]
  const moved = await people(before, after, VISITORS)
  expect(moved.flags[0]?.moved).toBe(reallyMoved(before, after, VISITORS))
  expect(moved.flags[0]?.countries.toSorted()).toEqual(['RO', 'US'])
})

it('compares hashed attributes with listed values, and says what it cannot know', async () => {
  const when = (op: string, values: string[]) => ({ when: [{ attribute: 'email', op, values }] })
  const before = snapshotOf(when('ends_with', ['@a.test']))
  const listed = await people(before, snapshotOf(when('in', ['4@b.test', '7@a.test'])), VISITORS)
  expect(listed).toMatchObject({ samples: 2_000, flags: [{ moved: 1_000 }] })
  const same = await people(before, snapshotOf(when('ends_with', ['@a.test'])), VISITORS)
  expect(same).toMatchObject({ samples: 2_000, movedPercent: 0 })
  const asked = await people(before, snapshotOf(when('ends_with', ['@b.test'])), VISITORS)
  expect(asked).toMatchObject({ samples: 0, unknown: 2_000, movedPercent: null })
})

it('keeps nothing that names a person', async () => {
  const [sample] = await samplesOf(snapshotOf({ percentage: 10 }), VISITORS.slice(7, 8))
  expect(sample).toMatchObject({ visitor: '#visitor-7', path: '/orders/-', hashed: { email: ['#7@a.test'] } })
  expect(Object.values(sample?.attributes ?? {})).not.toContain('7@a.test')
})

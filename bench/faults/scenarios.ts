/** The faults, one by one. Each begins under load, and ends before the rollback is waited for. */
import type { KvService } from '../../test-kit/workerd/kv-service.ts'
import type { Mistreatment } from './fault-proxy.ts'
import { type MakeDocument, plainDocument, type Rig } from './rig.ts'

export type Scenario = {
  name: string
  document?: MakeDocument
  begin(rig: Rig): Promise<void> | void
  end?(rig: Rig): Promise<void> | void
  /** Answers that break off after they have begun can't be taken back; here they are expected. */
  breaksAnswers?: true
  /** Requests get no response while workerd itself is away. */
  isAway?: true
}

const HEALTHY = { controller: 'none', counters: 'none', clock: '0' }
const recover = (rig: Rig) => rig.trouble(HEALTHY)
const TROUBLES = { throw: 'throws', slow: 'takes 3 s', evict: 'is evicted again and again' }
const durable = (name: string, trouble: keyof typeof TROUBLES): Scenario => ({
  name: `${name === 'controller' ? 'Controller' : 'Counters'} ${TROUBLES[trouble]}`,
  begin: (rig) => rig.trouble({ [name]: trouble }),
  end: recover,
})

/** The canary can't be rolled back, and visitors whom control answers instead wait long: hundreds do at once. */
const slowControl: Scenario = {
  name: 'Controller throws, and control takes 5 s',
  begin: async (rig) => {
    await rig.trouble({ controller: 'throw' })
    rig.control.delayMs = 5_000
  },
  end: recover,
}

const manyFlags: MakeDocument = (origins) => {
  const document = plainDocument(origins) as { flags: Record<string, object> }
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [
      { when: [{ attribute: 'country', op: 'in', values: ['RO', 'US'] }], percentage: 25, serve: 'on' },
    ],
  }
  const more = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`flag-${index}`, flag]))
  return { ...document, flags: { ...document.flags, ...more } }
}

let editing: ReturnType<typeof setInterval> | undefined
/** Writes another version of the document every second. */
function startEditing({ kv }: Rig): void {
  const document = JSON.parse(kv.values.get('config') ?? '{}') as { flags: Record<string, object> }
  let version = 0
  editing = setInterval(() => {
    const flags = Object.fromEntries(
      Object.entries(document.flags).map(([key, flag]) => [
        key,
        { ...flag, description: `version ${version++}` },
      ]),
    )
    kv.values.set('config', JSON.stringify({ ...document, flags }))
  }, 1_000)
}
const stopEditing = () => clearInterval(editing)

const inKv = (name: string, trouble: Partial<KvService>): Scenario => ({
  name,
  begin: ({ kv }) => {
    Object.assign(kv, trouble)
  },
  end: ({ kv }) => {
    Object.assign(kv, { delayMs: 0, isDown: false, isGarbled: false })
  },
})

const atCanary = (name: string, how: Mistreatment): Scenario => ({
  name: `the canary ${name}`,
  begin: ({ proxy }) => {
    proxy.mistreat = how
  },
})

const writeNonsense = ({ kv }: Rig) => {
  for (const key of ['config', 'kill', 'state']) kv.values.set(key, '{"origins": [')
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'none', begin: () => {} },
  inKv('KV takes 5 s', { delayMs: 5_000 }),
  inKv('KV fails', { isDown: true }),
  inKv('KV answers nonsense', { isGarbled: true }),
  { name: 'nonsense is written to every key', begin: writeNonsense },
  durable('controller', 'throw'),
  slowControl,
  durable('controller', 'slow'),
  durable('controller', 'evict'),
  durable('counters', 'throw'),
  durable('counters', 'slow'),
  durable('counters', 'evict'),
  atCanary('is late by 1.5 s', 'late'),
  atCanary('resets connections', 'reset'),
  atCanary('says nothing', 'silence'),
  atCanary('drips', 'drip'),
  { ...atCanary('breaks its answers off', 'truncate'), breaksAnswers: true },
  { name: 'the clock jumps ahead by an hour', begin: (rig) => rig.trouble({ clock: '3600000' }) },
  { name: 'the clock jumps back by an hour', begin: (rig) => rig.trouble({ clock: '-3600000' }) },
  { name: 'workerd is killed', begin: () => {}, end: ({ workerd }) => workerd.restart(), isAway: true },
  { name: '5,000 flags', document: manyFlags, begin: () => {} },
  { name: 'the document is replaced every second', begin: startEditing, end: stopEditing },
]

/**
 * `npm run bench:kill-forms`: how long a kill by KV alone takes, from the write to the last answer of the closed origin,
 * while visitors keep coming. Each form in which shells deliver the list, on a gate whose KV shows changes at once; and one form on a gate whose KV
 * is as late as that of Cloudflare, in one location.
 *
 *     npm run bench:kill-forms -- [--quick] [--json] [--write]
 */
import { type LocalGate, startLocalGate } from '../../src/local/local-gate.ts'
import { temporaryFolder } from '../../src/local/temporary-gate.ts'
import { KILL_FORMS, KILLED_FLAGS, type KillForm } from '../../test-kit/kv/kill-forms.ts'
import { startNamedOrigin } from '../../test-kit/origins/named-origin.ts'
import { emit, progress, table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { type Load, type Shot, startLoad } from '../../test-kit/traffic/steady-load.ts'

const PER_SECOND = 100
const KV_DELAY_MS = 30_000
const LOOK_EVERY_MS = 100
/** So many answers in a row tell that a list is in force. */
const ENOUGH = 20
const LONGEST_MS = 180_000

type Row = { form: string; kills: string; seconds: number | null }
type Result = { perSecond: number; rows: Row[]; delayed: { kvDelaySeconds: number; seconds: number[] } }

const { values: options } = scriptArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

async function main(): Promise<void> {
  const forms = options.quick ? KILL_FORMS.filter((_, index) => index % 6 === 0) : KILL_FORMS
  const rows = await onGate(undefined, async (gate, load) => {
    const measured: Row[] = []
    for (const form of forms) {
      progress(form.name)
      measured.push(await rowOf(form, gate, load))
    }
    return measured
  })
  const kills = options.quick ? 1 : 3
  const seconds = await onGate(KV_DELAY_MS, async (gate, load) => {
    const measured: number[] = []
    for (let kill = 1; kill <= kills; kill++) {
      progress(`KV as late as on Cloudflare: kill ${kill} of ${kills}`)
      await inForce([], gate, load)
      measured.push(await secondsOf('*', KILLED_FLAGS, gate, load))
    }
    return measured
  })
  progress('')
  const result = { perSecond: PER_SECOND, rows, delayed: { kvDelaySeconds: KV_DELAY_MS / 1_000, seconds } }
  if (options.write) await writeSection('docs/operations.md', 'bench:kill-forms', toMarkdown(result))
  emit(result, toMarkdown, options.json)
}

async function rowOf({ name, value, kills }: KillForm, gate: LocalGate, load: Load): Promise<Row> {
  await inForce([], gate, load)
  if (kills !== 'kept')
    return { form: name, kills: kills.join(', '), seconds: await secondsOf(value, kills, gate, load) }
  await gate.kv.put('kill', value)
  // Longer than isolates take to read it.
  await pause(3_000)
  await settled([], performance.now(), load)
  return { form: name, kills: 'nothing: the list in force stays, and is told', seconds: null }
}

/** Seconds from the write to the last answer of the closed origin. */
async function secondsOf(
  value: KillForm['value'],
  flags: readonly string[],
  gate: LocalGate,
  load: Load,
): Promise<number> {
  const writtenMs = performance.now()
  await gate.kv.put('kill', value)
  await settled(flags, writtenMs, load)
  const late = load.shots.filter((shot) => shot.text === 'new' && flags.includes(flagOf(shot)))
  return Math.max(0, ...late.map(({ sentMs, tookMs }) => sentMs + tookMs - writtenMs)) / 1_000
}

async function inForce(flags: readonly string[], gate: LocalGate, load: Load): Promise<void> {
  await gate.kv.put('kill', JSON.stringify(flags))
  await settled(flags, performance.now(), load)
}

/** Resolves when the last answers to what was sent since are those of a gate with these flags killed. */
async function settled(flags: readonly string[], sinceMs: number, load: Load): Promise<void> {
  for (const endMs = performance.now() + LONGEST_MS; performance.now() < endMs; await pause(LOOK_EVERY_MS)) {
    const last = load.shots.filter(({ sentMs }) => sentMs >= sinceMs).slice(-ENOUGH)
    const isAsKilled = (shot: Shot) => shot.text === (flags.includes(flagOf(shot)) ? 'old' : 'new')
    if (last.length === ENOUGH && last.every(isAsKilled)) return
  }
  throw new Error(
    `Cannot measure: killed are not ${flags.join(', ') || 'none'} after ${LONGEST_MS / 1_000} s`,
  )
}

const flagOf = ({ path }: Shot) => path.split('/')[1] ?? ''
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function onGate<T>(kvDelayMs: number | undefined, work: (gate: LocalGate, load: Load) => Promise<T>) {
  const [old, next] = await Promise.all([startNamedOrigin('old'), startNamedOrigin('new')])
  const text = JSON.stringify({
    origins: { old: { url: old.url }, new: { url: next.url } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [
      ...KILLED_FLAGS.map((flag) => ({ path: `/${flag}/*`, flag, origins: { on: 'new', off: 'old' } })),
      { path: '/*', origin: 'old' },
    ],
    flags: Object.fromEntries(
      KILLED_FLAGS.map((flag) => [
        flag,
        { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] },
      ]),
    ),
  })
  const gate = await startLocalGate({
    port: 0,
    dataDir: await temporaryFolder(),
    adminToken: 'benchmark',
    signingKey: undefined,
    environment: 'development',
    bundledDocument: text,
    kvDelayMs,
    secrets: { KV_UNCACHED: kvDelayMs === undefined ? 'true' : 'false' },
  })
  await gate.kv.put('config', text)
  const load = startLoad(
    KILLED_FLAGS.map((flag) => `${gate.url}/${flag}`),
    PER_SECOND,
  )
  try {
    return await work(gate, load)
  } finally {
    await load.stop()
    await Promise.all([gate.close(), old.close(), next.close()])
  }
}

function toMarkdown({ perSecond, rows, delayed }: Result): string {
  const shown = (seconds: number) => seconds.toFixed(1)
  const { kvDelaySeconds, seconds } = delayed
  const median = shown(percentile(seconds, 0.5))
  const each = `${seconds.length} ${seconds.length === 1 ? 'kill' : 'kills'}`
  return [
    `Measured by \`npm run bench:kill-forms -- --write\`: ${perSecond} requests/s through a gate on one machine, from the write to the last answer of the closed origin. KV on one machine shows changes at once, and is read every second; in the last row it is as late as on Cloudflare, and isolate and Controller read it every 30 s, each in its own time.`,
    '',
    table(
      ['what KV holds', 'kills', 'seconds'],
      [
        ...rows.map(({ form, kills, seconds: took }) => [form, kills, took === null ? '' : shown(took)]),
        [
          `\`*\`, KV cached for ${kvDelaySeconds} s, one isolate, ${each}`,
          KILLED_FLAGS.join(', '),
          `median ${median}, at most ${shown(Math.max(...seconds))}`,
        ],
      ],
    ),
  ].join('\n')
}

await main()

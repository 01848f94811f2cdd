/** `sluice watch`: what is shown, when it is drawn anew, and how it goes on after a broken stream. */
import { expect, it, vi } from 'vitest'
import { paintFor } from '../../../src/cli/base/terminal.ts'
import { Trends } from '../../../src/cli/render/trends.ts'
import { counts, flagStatus, status } from '../gate/answers.ts'
import { RESULTS } from '../gate/results.ts'
import { Refused, scriptedGate, visible } from '../gate/scripted-gate.ts'
import { sluice } from '../gate/support.ts'

const slept = vi.hoisted(() => ({ times: [] as number[] }))
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    slept.times.push(ms)
  },
}))

const PLAIN = (_: unknown, text: string) => text
const SHOWN = (style: string, text: string) => `<${style}>${text}</>`
const at = (seconds: number) => new Date(Date.UTC(2026, 2, 1, 10, 0, seconds)).toISOString()
const event = (value: object, name = 'status') => `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`

/** A status some seconds after ten o'clock, with requests and errors of the canary. */
function seen(seconds: number, requests: number, errors = 0, version = 4) {
  const arms = { canary: counts(requests, errors), control: counts(0), other: counts(0) }
  const document = { ...status().document, version }
  return status({ at: at(seconds), document, flags: { f: flagStatus({ arms }), g: flagStatus() } })
}

/** Watches until something was printed that ends with the text. */
async function watch(line: string, openings: string[][] | Refused, end: string, isScreen = false) {
  slept.times.length = 0
  const stop = new AbortController()
  const gate = await scriptedGate({ streamStatus: openings })
  const pieces: string[] = []
  const note = (text: string) => {
    pieces.push(text)
    if (text.includes(end)) stop.abort()
  }
  const ran = await gate.run(line, { stop: stop.signal, isScreen, onOut: note, onErr: note })
  return { ...ran, pieces, ids: gate.asked.map(({ id }) => id) }
}

it('prints each status, and asks for the flags only when the document changes', async () => {
  const events = [event(seen(0, 0)), event({}, 'other'), event(seen(10, 100, 5)), event(seen(20, 300, 5, 5))]
  const ran = await watch('status --watch', [events], 'version 5')
  expect([ran.code, ran.err, slept.times]).toEqual([0, '', []])
  expect(ran.ids).toEqual(['streamStatus', 'listFlags', 'listFlags'])
  expect(ran.pieces.map((piece) => piece.split('\n\n').slice(1))).toEqual([
    [expect.stringContaining('Rolling out'), 'no requests since this view began', ''],
    [expect.stringContaining('100 · 5 %'), 'f  canary  █  10.0 /s  5 % errors', ''],
    [expect.stringContaining('300 · 1.7 %'), 'f  canary  ▅█  20.0 /s  0 % errors', ''],
  ])
})

it('of one flag shows that flag, and a flag that is not there ends it', async () => {
  const ran = await watch('watch f', [[event(seen(0, 1))]], 'attempt')
  expect(ran.pieces[0]).toContain('\n\nf\nverdict ')
  const gone = await watch('watch gone', [[event(seen(0, 1))], []], 'again')
  expect([gone.code, gone.err]).toEqual([2, 'The gate has no flag gone. See: sluice flags list\n'])
})

it('with --json prints a line for each status, also on a screen', async () => {
  const ran = await watch('watch --json', [[event(seen(0, 1)), event(seen(1, 2))]], at(1), true)
  expect(ran.pieces).toEqual([seen(0, 1), seen(1, 2)].map((each) => `${JSON.stringify(each)}\n`))
  expect(ran.ids).toEqual(['streamStatus'])
})

it('on a screen draws over the last view, and leaves the screen as it was', async () => {
  const ran = await watch('watch', [[event(seen(0, 1))]], 'Ctrl-C', true)
  const [enter, redraw, view = '', leave, ...more] = ran.pieces
  expect([enter, redraw, leave]).toEqual(['\x1b[?1049h\x1b[?25l', '\x1b[H\x1b[J', '\x1b[?25h\x1b[?1049l'])
  expect(more).toEqual([])
  expect(visible(view)).toMatch(/ began<\/>\n<dim>2026-03-01T10:00:00.000Z {2}Ctrl-C to end<\/>\n$/)
})

it('opens a stream again that ends; after two seconds where it said nothing', async () => {
  const ran = await watch('watch --json', [[event(seen(0, 1))], [], [event(seen(1, 1))]], at(1))
  expect([ran.code, ran.pieces.length, slept.times]).toEqual([0, 2, [2_000]])
})

it('tries again while the gate fails or is away, and gives up where it refuses', async () => {
  const failing = await watch('watch', new Refused(503, 'no Controller'), 'again')
  expect([failing.code, failing.out, failing.err]).toEqual([0, '', 'no Controller; trying again\n'])
  expect(slept.times).toEqual([2_000])
  const stop = new AbortController()
  const away = await sluice(['watch', '--url', 'http://127.0.0.1:2'], {
    stop: stop.signal,
    onErr: () => stop.abort(),
  })
  expect(away).toEqual({
    code: 0,
    out: '',
    err: 'Cannot reach the gate at http://127.0.0.1:2 (--url): connection refused; trying again\n',
  })
  const refused = await watch('watch', new Refused(401, 'no token'), 'never', true)
  expect([refused.code, refused.pieces[1]]).toEqual([1, '\x1b[?25h\x1b[?1049l'])
  expect(visible(refused.err)).toMatch(/^<red>no token<\/>\nStore the token of this gate: sluice login/)
})

it('Ctrl-C before anything came ends it without a word', async () => {
  const gate = await scriptedGate({ streamStatus: [] })
  expect(await gate.run('watch', { stop: AbortSignal.abort() })).toEqual({ code: 0, out: '', err: '' })
  expect(gate.asked).toEqual([])
})

it('trends: bars by the highest rate, of the last forty steps of an attempt', () => {
  const trends = new Trends()
  expect(trends.text(PLAIN, undefined)).toBe('no requests since this view began')
  for (const [seconds, requests, errors] of [
    [0, 50, 0],
    [2, 54, 1],
    [4, 70, 1],
    [6, 70, 1],
  ] as const)
    trends.add(seen(seconds, requests, errors))
  expect(trends.text(SHOWN, undefined)).toBe('f  canary  <cyan>▃█▁</>  0.0 /s  <dim>0 % errors</>')
  trends.add(seen(8, 72, 2))
  expect(trends.text(SHOWN, 'f')).toBe('f  canary  <cyan>▃█▁▂</>  1.0 /s  <red>50 % errors</>')
  expect(trends.text(PLAIN, 'g')).toBe('no requests since this view began')
  // A new attempt counts from zero.
  trends.add(seen(10, 10, 0))
  expect(trends.text(PLAIN, undefined)).toBe('no requests since this view began')
  trends.add(seen(11, 10, 0))
  trends.add(seen(11, 11, 0))
  expect(trends.text(PLAIN, undefined)).toBe('f  canary  ▁█  1000.0 /s  0 % errors')
  for (let second = 12; second < 100; second++) trends.add(seen(second, second))
  expect(trends.text(PLAIN, undefined)).toBe(`f  canary  ${'█'.repeat(40)}  1.0 /s  0 % errors`)
})

it('trends of both arms', () => {
  const trends = new Trends()
  for (const [seconds, requests] of [
    [0, 0],
    [1, 7],
  ] as const) {
    const arms = { canary: counts(requests), control: counts(requests * 2), other: counts(0) }
    trends.add(status({ at: at(seconds), flags: { f: flagStatus({ arms }) } }))
  }
  expect(trends.text(PLAIN, undefined)).toBe(
    'f  canary   █  7.0 /s   0 % errors\nf  control  █  14.0 /s  0 % errors',
  )
})

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, false, false],
  [{ FORCE_COLOR: '0' }, true, true],
  [{ FORCE_COLOR: '1', TERM: 'dumb' }, false, true],
] as const)('colours with %j on a screen (%s): %s', (env, isScreen, isColoured) => {
  const paint = paintFor({ env } as never, isScreen)
  expect(paint('red', 'x')).toBe(isColoured ? '\x1b[31mx\x1b[39m' : 'x')
})

it('of results asks every five seconds, shows what has changed, and goes on after a failure', async () => {
  slept.times.length = 0
  const later = { ...RESULTS, atMs: RESULTS.atMs + 5_000, sentence: 'c is better now' }
  const answers = { getResults: [RESULTS, RESULTS, new Refused(503, 'no Controller'), later] }
  const run = async (line: string, isScreen: boolean) => {
    const gate = await scriptedGate(answers)
    const pieces: string[] = []
    const until = new AbortController()
    const note = (text: string) => {
      pieces.push(text)
      if (text.includes('c is better now')) until.abort()
    }
    const ran = await gate.run(line, { stop: until.signal, isScreen, onOut: note, onErr: note })
    return { ...ran, pieces, asked: gate.asked.length }
  }
  const plain = await run('results f --watch', false)
  expect(plain).toMatchObject({ code: 0, asked: 4, err: 'no Controller; trying again\n' })
  expect(slept.times).toEqual([5_000, 5_000, 5_000, 5_000])
  expect(plain.pieces.map((piece) => piece.split('\n')[0])).toEqual([
    'f, attempt 2: b is better than a by 25 % in order (8 % to 44 %)',
    'no Controller; trying again',
    'f, attempt 2: c is better now',
  ])
  const json = await run('results f --watch --json', true)
  expect(json.pieces).toEqual([RESULTS, later].map((each) => `${JSON.stringify(each)}\n`))
  const [enter, redraw, view = '', ...more] = (await run('results f --watch', true)).pieces
  expect([enter, redraw, more.at(-1)]).toEqual([
    '\x1b[?1049h\x1b[?25l',
    '\x1b[H\x1b[J',
    '\x1b[?25h\x1b[?1049l',
  ])
  expect(visible(view)).toMatch(/<dim>2026-03-08T10:00:00.000Z {2}Ctrl-C to end<\/>\n$/)
})

it('of results says first that the flag was rolled back', async () => {
  const rolledBack = { atMs: Date.UTC(2026, 2, 8, 9, 30), reason: 'order of b is worse' }
  const gate = await scriptedGate({ getResults: { ...RESULTS, rolledBack } })
  const { out } = await gate.run('results f')
  expect(out.split('\n')[2]).toBe('✖ rolled back 2026-03-08 09:30 UTC: order of b is worse')
})

it('of results ends where the flag measures nothing', async () => {
  const gate = await scriptedGate({ getResults: new Refused(404, 'f measures no metric') })
  const ran = await gate.run('results f --watch')
  expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/^f measures no metric\n/)])
})

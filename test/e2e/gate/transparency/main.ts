/**
 * `npm run test:transparency`: sends every shape of request and response through a bare Worker that only fetches, and
 * through the gate, and lists everything that differs, by header. `-- --write` puts the list into docs/invisible.md.
 */
import { table } from '../../../../test-kit/report/emit.ts'
import { writeSection } from '../../../../test-kit/report/section.ts'
import { scriptArgs } from '../../../../test-kit/script/script-args.ts'
import { inParallel } from '../../harness/load.ts'
import { type Exchange, exchange, headOf } from './exchange.ts'
import type { Message } from './message.ts'
import { requestShapes } from './request-shapes.ts'
import { responseShapes } from './response-shapes.ts'
import { startRig, WAYS } from './rig.ts'

type Headers = Message['headers']
/** Kind of difference → way → how many shapes show it. */
type Found = Map<string, Map<string, number>>

/** Written by the test itself, or the moment. */
const OWN = /^(?:x-case|date|host)$/i

const { values } = scriptArgs({ options: { write: { type: 'boolean' } } })
const shapes = [...requestShapes(), ...responseShapes()]
const found: Found = new Map()
const rig = await startRig()
try {
  for (const way of WAYS)
    await inParallel(shapes.length, 6, async (index) => {
      const shape = shapes[index]
      if (shape === undefined) return
      const bare = await exchange(rig, rig.passthrough, { shape, way })
      const gated = await exchange(rig, rig.gate, { shape, way })
      for (const kind of new Set(differencesIn(bare, gated))) {
        const ways = found.get(kind) ?? new Map<string, number>()
        found.set(kind, ways.set(way, (ways.get(way) ?? 0) + 1))
      }
    })
} finally {
  await rig.close()
}

const rows = [...found]
  .sort(([one], [other]) => one.localeCompare(other))
  .map(([kind, ways]) => [kind, ...WAYS.map((way) => ways.get(way) ?? 0)])
const text = `Of ${shapes.length} shapes, so many differ:\n\n${table(['what', ...WAYS], rows)}`
console.log(text)
if (values.write) await writeSection('docs/invisible.md', 'test:transparency', text)

function differencesIn(bare: Exchange, gated: Exchange): string[] {
  const [asked] = bare.sent
  const [askedByGate] = gated.sent
  const [answer, answerOfGate] = [headOf(bare.got), headOf(gated.got)]
  return [
    ...(bare.sent.length === gated.sent.length ? [] : ['number of requests to the origin']),
    ...(asked?.startLine === askedByGate?.startLine ? [] : ['request line']),
    ...headersIn('request', asked?.headers, askedByGate?.headers),
    ...(sameBytes(asked?.body, askedByGate?.body) ? [] : ['request body']),
    ...(answer?.startLine === answerOfGate?.startLine ? [] : ['status']),
    ...headersIn('response', answer?.headers, answerOfGate?.headers),
    ...(sameBytes(bodyOf(bare), bodyOf(gated)) ? [] : ['response body']),
  ]
}

function bodyOf({ got }: Exchange): Buffer | undefined {
  return got.kind === 'answer' ? got.message.body : Buffer.from(`broken off after ${got.body} bytes`)
}

function sameBytes(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}

function headersIn(side: string, bare: Headers = [], gated: Headers = []): string[] {
  const valuesOf = (headers: Headers) => {
    const values = new Map<string, string[]>()
    for (const [name, value] of headers) {
      // Cookies are told apart by their names.
      const cookie = /^set-cookie$/i.test(name) ? ` ${value.split('=')[0]}` : ''
      const key = `${name.toLowerCase()}${cookie}`
      values.set(key, [...(values.get(key) ?? []), value])
    }
    return values
  }
  const [before, after] = [valuesOf(bare), valuesOf(gated)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [one, other] = [before.get(name), after.get(name)]
    if (OWN.test(name) || JSON.stringify(one) === JSON.stringify(other)) return []
    return `${side}: \`${name}\` ${one === undefined ? 'added' : other === undefined ? 'removed' : 'changed'}`
  })
}

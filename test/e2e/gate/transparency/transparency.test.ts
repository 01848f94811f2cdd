/**
 * The gate beside a bare passthrough Worker, both in plain workerd, same requests and same answers as bytes: what the
 * origin sees and what the client sees differ only as docs/invisible.md says.
 */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inParallel } from '../../harness/load.ts'
import { exchange, headOf } from './exchange.ts'
import type { Message } from './message.ts'
import { requestShapes } from './request-shapes.ts'
import { failures, responseShapes } from './response-shapes.ts'
import { type Rig, startRig, WAYS } from './rig.ts'
import type { Shape } from './shape.ts'
import type { Got } from './wire.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig?.close())

type Seen = { sent: SeenRequest[]; got: SeenAnswer }
type SeenRequest = { startLine: string; headers: string[]; body: string }
type SeenAnswer = { status: string; interim: string[]; headers: string[]; body: string }

async function seen(through: string, shape: Shape, way: string): Promise<Seen> {
  const { sent, got } = await exchange(rig, through, { shape, way })
  return { sent: sent.map((message) => requestOf(message)), got: answerOf(got, way !== 'plain') }
}

/** Headers that the gate adds or takes, as documented, by where; the rest has to be the same, in the same order. */
const ADDED_TO_REQUESTS =
  /^((x-)?forwarded(-host|-proto)?|x-real-ip|true-client-ip|sluice-flags|x-case|host):|^tracestate: sluice=[^,]+$/i
/** Before what other tracers have put there. */
const ADDED_TRACE_STATE = /(?<=^tracestate: )sluice=[^,]+,/i
const CHANGED_IN_FLAGGED_ANSWERS = /^((cdn-)?cache-control|set-cookie: sluice_\w+=)/i
const TAG = /~sluice\.\w+/

function requestOf(message: Message): SeenRequest {
  const lines = message.headers.map(([name, value]) => `${name}: ${value}`.replace(ADDED_TRACE_STATE, ''))
  const headers = lines.filter((line) => !ADDED_TO_REQUESTS.test(line))
  return { startLine: message.startLine, headers, body: digest(message.body) }
}

function answerOf(got: Got, isFlagged: boolean): SeenAnswer {
  const head = headOf(got)
  const lines = (head?.headers ?? [])
    .map(([name, value]) => `${name}: ${value}`.replace(TAG, ''))
    .filter(
      (line) => !(isFlagged && CHANGED_IN_FLAGGED_ANSWERS.test(line)) && line.toLowerCase() !== 'etag: w/""',
    )
  const body = got.kind === 'answer' ? digest(got.message.body) : `broken off after ${got.body} bytes`
  return { status: head?.startLine ?? 'none', interim: got.interim, headers: lines, body }
}

function digest(body: Buffer): string {
  if (body.length <= 200) return body.toString('latin1')
  return `${body.length} bytes ${createHash('sha256').update(body).digest('hex')}`
}

/** Shapes that the gate treats differently and should: see "Caches" in docs/invisible.md. */
const CONDITIONAL = /^if-(none-match: (?!\*)|modified-since|range)/im

/** A part of a file; a split gives visitors without identity no part, unless they say of what. */
const isPart = (text: string) => /^range:/im.test(text) && !/^if-range:/im.test(text)

/** The shapes for which the two differ, with what was seen. */
async function differences(all: readonly Shape[], way: string) {
  const compared = await inParallel(all.length, 6, async (index) => {
    const shape = all[index] as Shape
    const bare = await seen(rig.passthrough, shape, way)
    const gated = await seen(rig.gate, shape, way)
    return isDeepStrictEqual(bare, gated)
      ? []
      : [`${shape.name}\n  ${JSON.stringify(bare)}\n  ${JSON.stringify(gated)}`]
  })
  return compared.flat()
}

describe('everything looks the same as through a bare passthrough Worker', () => {
  it.each(WAYS)('on the way "%s"', async (way) => {
    const isTagged = way === 'canary' || way === 'chosen'
    const isSplit = way === 'control' || way === 'canary'
    const all = [...requestShapes(), ...responseShapes()].filter(({ request }) => {
      const text = request.toString('latin1')
      return !(isTagged && CONDITIONAL.test(text)) && !(isSplit && isPart(text))
    })
    expect(all.length).toBeGreaterThan(500)
    expect((await differences(all, way)).join('\n')).toBe('')
  })
})

describe('what the runtime meets with an exception, the gate answers for in plain words', () => {
  it.each(WAYS)('on the way "%s"', async (way) => {
    for (const { status, shape } of failures()) {
      const bare = await seen(rig.passthrough, shape, way)
      expect([shape.name, bare.got.status]).toEqual([shape.name, expect.stringMatching(/^(none|.* 500 .*)$/)])
      const gated = await seen(rig.gate, shape, way)
      expect([shape.name, gated.got.status]).toEqual([shape.name, expect.stringContaining(String(status))])
      expect(gated.got.body).toMatch(/^(Bad Request|The site could not be reached\. .*)\n$/)
    }
  })
})

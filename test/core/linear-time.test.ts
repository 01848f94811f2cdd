/** Text from outside costs time in proportion to its length, however it is made. */
import { describe, expect, it } from 'vitest'
import { parseControlState } from '../../src/core/config/control.ts'
import { killOrder } from '../../src/core/config/kill-list.ts'
import { parseDocument } from '../../src/core/config/parse/parse.ts'
import { compilePath } from '../../src/core/config/routes/route-pattern.ts'
import { readUserAgent } from '../../src/core/context/user-agent.ts'
import { compileOperator } from '../../src/core/flags/operators.ts'
import { tagValidators, untagValidators } from '../../src/gate/origin/etags.ts'

const SHORT = 1_000
const GROWTH = 64
/** Linear is 64, quadratic 4,096. Between them there is room for a busy machine. */
const MOST = 800

const PIECES = [
  'a',
  '"',
  ', ',
  ' ',
  '/',
  '(',
  'W/"',
  '"a~sluice.',
  '[',
  '{"',
  'Mozilla/5.0 (',
  'Chrome/',
  '%',
  '\\',
  '0.',
  'ș',
]

function operator(
  op: 'matches' | 'semver_gte' | 'in_cidr' | 'after',
  value: string,
): (text: string) => unknown {
  const compiled = compileOperator(op, [value])
  if ('problem' in compiled) throw new Error(compiled.problem.expected)
  return (text) => compiled.predicate(text)
}
const path = compilePath('/users/:id/edit/*')
const headers = (text: string) =>
  new Headers({ etag: text.trim(), 'if-none-match': text.trim(), 'if-range': text.trim() })

const READERS: Record<string, (text: string) => unknown> = {
  'a document': parseDocument,
  'a kill list': (text) => killOrder(text, new Map()),
  'a control state': parseControlState,
  'a user agent': readUserAgent,
  'a path': (text) => path.matches(`/${text}`),
  'a pattern of a rule': operator('matches', '^(a+)+$'),
  'a version': operator('semver_gte', '1.2.3'),
  'an address': operator('in_cidr', '10.0.0.0/8'),
  'a date': operator('after', '2026-01-01'),
  validators: (text) => {
    const fields = headers(text.replace(/[^\x20-\x7e]/g, ''))
    tagValidators(fields, 'x')
    untagValidators(fields, 'x')
  },
}

/** The processor's time for the fastest of several runs: what else the machine does is no part of it. */
function fastestMs(read: (text: string) => unknown, text: string, repeats: number): number {
  let fastest = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5; run++) {
    const before = process.cpuUsage()
    for (let repeat = 0; repeat < repeats; repeat++) read(text)
    const { user, system } = process.cpuUsage(before)
    fastest = Math.min(fastest, (user + system) / 1_000 / repeats)
  }
  return fastest
}

const repeated = (piece: string, length: number) =>
  piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

describe.each(Object.entries(READERS))('reading %s', (_name, read) => {
  it('takes no more than its share for longer text', () => {
    for (const piece of PIECES) {
      const short = fastestMs(read, repeated(piece, SHORT), 20)
      const long = fastestMs(read, repeated(piece, SHORT * GROWTH), 2)
      // What takes less than this is too short to have a growth.
      if (long > 2) expect(long / Math.max(short, 0.02), `repeated ${piece}`).toBeLessThan(MOST)
    }
  })
})

/** Rules of a team: a document whose flags break them has problems, wherever it is read. */
import { expect, it } from 'vitest'
import { parseDocument } from '../../../../src/core/config/parse/parse.ts'

const flag = { variants: { on: true, off: false }, off: 'off' }
const said = { owner: 'shop', expires: '2027-03-01', description: 'The shop' }

function problemsOf(governance: object, flags: Record<string, object>): string[] {
  const origins = { old: { url: 'http://old.test' } }
  const text = JSON.stringify({ origins, routes: [{ path: '/*', origin: 'old' }], governance, flags })
  const parsed = parseDocument(text)
  return parsed.ok
    ? []
    : parsed.problems.map(({ path, found, expected }) => `${path}: ${found}, not ${expected}`)
}

it('keys must match the whole pattern', () => {
  const keys = 'team-[a-z]+|legacy'
  const flags = { 'team-shop': flag, legacy: flag }
  expect(problemsOf({ keys }, flags)).toEqual([])
  expect(problemsOf({ keys }, { ...flags, 'team-shop2': flag, 'my-legacy': flag })).toEqual([
    `$.flags["team-shop2"]: "team-shop2", not a key that matches ${keys} (governance)`,
    `$.flags["my-legacy"]: "my-legacy", not a key that matches ${keys} (governance)`,
  ])
  // Its own anchors do no harm.
  expect(problemsOf({ keys: '^team-.*$' }, { 'team-a': flag })).toEqual([])
})

it('each flag must say what is required', () => {
  const required = ['owner', 'expires', 'description']
  expect(problemsOf({ required }, { a: { ...flag, ...said } })).toEqual([])
  expect(problemsOf({ required: ['owner'] }, { a: { ...flag, ...said, owner: '' } })).toHaveLength(1)
  expect(
    problemsOf({ required }, { a: { ...flag, ...said, owner: ' \n' }, b: { ...flag, owner: 'x' } }),
  ).toEqual([
    '$.flags.a.owner: " \\n", not the owner of each flag (governance)',
    '$.flags.b.expires: nothing, not the expires of each flag (governance)',
    '$.flags.b.description: nothing, not the description of each flag (governance)',
  ])
})

it('rules themselves are checked', () => {
  expect(problemsOf({ keys: '(' }, {})).toEqual([expect.stringMatching(/^\$\.governance\.keys: "\(", not /)])
  expect(problemsOf({ required: ['tags'] }, {})).toEqual([
    expect.stringMatching(/^\$\.governance\.required\[0\]/),
  ])
  expect(problemsOf({}, { A: flag })).toEqual([])
})

/** Texts that people read in logs and terminals: what would steer one is refused, and no name passes for the gate. */
import { describe, expect, it } from 'vitest'
import { admin } from '../../support/admin.ts'

const STEERING = {
  'a new row': 'a\nb',
  'the same row again': 'a\rb',
  'an escape sequence': '\x1b[2J',
  'an 8-bit sequence': '\x9b2J',
  'a tab': 'a\tb',
  NUL: 'a\0b',
  DEL: 'a\x7f',
  'right to left': '\u202eevil',
  'an isolate': '\u2066x\u2069',
  'zero width': 'a\u200bb',
  'a byte order mark': 'a\ufeffb',
  'an end of line': 'a\u2028b',
}
const FLAG = { variants: { on: true, off: false }, off: 'off' }
const MUST = 'must be one line, without control characters'

describe.each(Object.entries(STEERING))('%s', (_, text) => {
  it('is refused in a reason, of every operation that takes one', async () => {
    const params = { flag: 'nowhere', verb: 'kill', version: '1' }
    for (const [id, body] of [
      ['commandFlag', {}],
      ['publishDocument', { document: {}, expectedVersion: 0 }],
      ['restoreVersion', {}],
      ['createFlag', { key: 'f', flag: FLAG }],
      ['patchFlag', { patch: {} }],
      ['deleteFlag', {}],
      ['enableFlag', {}],
      ['disableFlag', {}],
      ['setPercentage', { percentage: 1 }],
    ] as const) {
      const refused = await admin.refusal(id, { params, body: { ...body, reason: text } } as never)
      expect([refused.status, refused.detail], id).toEqual([400, `body.reason: ${MUST}`])
    }
  })

  it('is refused in the name of a token and the key of a flag', async () => {
    const name = await admin.refusal('createToken', { body: { name: `x${text}x`, role: 'viewer' } })
    expect([name.status, name.detail]).toEqual([400, `body.name: ${MUST}`])
    const key = await admin.refusal('createFlag', { body: { key: `x${text}x`, flag: FLAG } })
    expect([key.status, key.detail]).toEqual([400, `body.key: ${MUST}`])
  })
})

it('what people write is taken: accents, other scripts, emoji of several parts', async () => {
  const reason = 'naïve – “quoted” 日本語 می\u200cخواهم 👩‍👩‍👧 🇷🇴 100 %'
  const refused = await admin.refusal('commandFlag', {
    params: { flag: 'nowhere', verb: 'kill' },
    body: { reason },
  })
  expect(refused.status).toBe(404)
})

it.each([
  ...['admin', 'Admin', 'GUARD', ' guard ', 'ｇuard', 'rollout', 'visitor', 'kv', 'unknown'],
  // Of another script as a whole, or of figures.
  ...['ТЕЅТ', 'кѵ', 'adm1n', 'roIIout', 'ɡuard', '𝐚𝐝𝐦𝐢𝐧'],
])('no token is called %j', async (name) => {
  const { status, detail } = await admin.refusal('createToken', { body: { name, role: 'viewer' } })
  expect([status, detail]).toEqual([400, expect.stringMatching(/^body\.name: must be another name/)])
})

it.each(['on\u00ad call', 'on call\u3164', 'on\ufe0f call', 'on call\u{e0041}'])(
  'nor %j, which looks like another',
  async (name) => {
    const { status, detail } = await admin.refusal('createToken', { body: { name, role: 'viewer' } })
    expect([status, detail]).toEqual([400, expect.stringMatching(/^body\.name: must be without invisible/)])
  },
)

it.each(['аdmin', 'vіsitor', 'Pаul', 'αda', 'ci-тoken'])(
  'nor %j, whose letters are of two scripts',
  async (name) => {
    const { status, detail } = await admin.refusal('createToken', { body: { name, role: 'viewer' } })
    expect([status, detail]).toEqual([
      400,
      expect.stringMatching(/^body\.name: must be without words of two/),
    ])
  },
)

it('two tokens never have one name', async () => {
  const body = { name: 'on call', role: 'viewer' } as const
  const { id } = await admin.call('createToken', { body })
  const taken = await admin.refusal('createToken', { body: { name: 'On Call', role: 'admin' } })
  expect([taken.status, taken.detail]).toEqual([
    409,
    'Cannot create the token: one is called On Call. Choose another name, or revoke it',
  ])
  for (const name of ['0n call', 'on  caII', 'ｏｎ call'])
    expect((await admin.refusal('createToken', { body: { name, role: 'admin' } })).status, name).toBe(409)
  await admin.call('revokeToken', { params: { id } })
  expect(await admin.call('createToken', { body })).toMatchObject({ name: 'on call' })
})

/** What each role may do, and how each operation refuses: written down here, so that a change of the table shows. */
import { beforeAll, describe, expect, it } from 'vitest'
import { FLAG_VERBS, type OperationId, ROUTES, type Role } from '../../../src/contract/routes.ts'
import { admin, adminAs, GATE_URL, gate } from '../support/admin.ts'

const NEEDS: Readonly<Record<OperationId, Role>> = {
  whoAmI: 'viewer',
  signIn: 'viewer',
  signOut: 'viewer',
  getStatus: 'viewer',
  streamStatus: 'viewer',
  getConvergence: 'viewer',
  getSeries: 'viewer',
  getShadow: 'operator',
  getResults: 'viewer',
  listAudit: 'viewer',
  listFeedback: 'viewer',
  listOutcomes: 'viewer',
  noteOutcome: 'operator',
  getDocument: 'viewer',
  validateDocument: 'viewer',
  diffDocument: 'viewer',
  publishDocument: 'admin',
  listVersions: 'viewer',
  getVersion: 'viewer',
  restoreVersion: 'admin',
  listFlags: 'viewer',
  getFlag: 'viewer',
  createFlag: 'admin',
  patchFlag: 'admin',
  deleteFlag: 'admin',
  enableFlag: 'operator',
  disableFlag: 'operator',
  setPercentage: 'operator',
  commandFlag: 'operator',
  explain: 'viewer',
  createPreview: 'operator',
  showKey: 'admin',
  listTokens: 'admin',
  createToken: 'admin',
  revokeToken: 'admin',
  testWebhook: 'admin',
}
const RANKS = ['viewer', 'operator', 'admin'] as const
const FLAG = 'new-shop'
const params = { flag: 'nowhere', version: '999', id: 'nothing', purpose: 'preview' }

/** A call that changes nothing, even for those who are allowed to make it. */
const HARMLESS: Partial<Record<OperationId, object>> = {
  getSeries: { query: { flag: FLAG } },
  getShadow: { params: { flag: FLAG } },
  validateDocument: { body: { document: {} } },
  diffDocument: { body: { document: {} } },
  publishDocument: { body: { document: {}, expectedVersion: 0 } },
  createFlag: { body: { key: FLAG, flag: {} } },
  patchFlag: { params, body: { patch: {} } },
  setPercentage: { params, body: { percentage: 1 } },
  createPreview: { body: { overrides: { nowhere: 'on' } } },
  createToken: { body: { name: '', role: 'admin' } },
  testWebhook: { body: { url: 'http://elsewhere.test/' } },
  noteOutcome: { params, body: { note: 'x' } },
  commandFlag: { params: { flag: 'nowhere', verb: 'kill' } },
}
const callers = new Map<Role, ReturnType<typeof adminAs>>()

beforeAll(async () => {
  for (const role of RANKS) {
    const { token } = await admin.call('createToken', { body: { name: `the ${role}`, role } })
    callers.set(role, adminAs(token))
  }
})

/** The status of a call, whose answer is held against the description. */
async function attempt(role: Role, id: OperationId, call: object = {}): Promise<[number, string]> {
  const caller = callers.get(role)
  if (caller === undefined) throw new Error(`no ${role}`)
  if (id === 'streamStatus') {
    const response = await caller.open(id).catch((error: { status: number }) => error)
    if (response instanceof Response) await response.body?.cancel()
    return [response.status, '']
  }
  const refusal = await caller.refusal(id, { params, ...call } as never).catch((error: Error) => {
    if (error.message !== `${id} was not refused`) throw error
    return { status: 200, detail: '' }
  })
  return [refusal.status, refusal.detail]
}

describe('roles', () => {
  it('the table has every operation', () => {
    expect(Object.keys(NEEDS).toSorted()).toEqual(Object.keys(ROUTES).toSorted())
  })

  it.each(RANKS)('%s may do what it may, and nothing else', async (role) => {
    for (const [id, needed] of Object.entries(NEEDS) as [OperationId, Role][]) {
      const [status, detail] = await attempt(role, id, HARMLESS[id])
      const what = `${id} as ${role}`
      if (RANKS.indexOf(role) >= RANKS.indexOf(needed))
        expect([200, 400, 404, 409, 422], what).toContain(status)
      else
        expect([status, detail], what).toEqual([403, `the ${role} may act as ${role}; this needs ${needed}`])
    }
  })

  it('a reporter may do none of it', async () => {
    const { token } = await admin.call('createToken', { body: { name: 'the reporter', role: 'reporter' } })
    const reporter = adminAs(token)
    for (const id of Object.keys(NEEDS) as OperationId[]) {
      const call = { params, ...HARMLESS[id] }
      const { status } =
        id === 'streamStatus'
          ? await reporter.open(id).catch((error: { status: number }) => error)
          : await reporter.refusal(id, call as never)
      expect(status, id).toBe(403)
    }
    const headers = { authorization: `Bearer ${token}` }
    expect((await gate.fetch(`${GATE_URL}/__sluice/metrics`, { headers })).status).toBe(403)
    const { tokens } = await admin.call('listTokens')
    expect(tokens).toContainEqual(expect.objectContaining({ name: 'the reporter', role: 'reporter' }))
  })

  it.each(FLAG_VERBS)('a viewer may not %s', async (verb) => {
    const call = { params: { flag: FLAG, verb }, body: verb === 'stage' ? { stage: 1 } : {} }
    expect((await attempt('viewer', 'commandFlag', call))[0]).toBe(403)
  })
})

describe('what is refused', () => {
  const editing: [OperationId, object][] = [
    ['patchFlag', { body: { patch: {} } }],
    ['deleteFlag', {}],
    ['enableFlag', {}],
    ['disableFlag', {}],
    ['setPercentage', { body: { percentage: 1 } }],
  ]
  const version = 999_999
  it.each<[OperationId, object, number, RegExp]>([
    ['getVersion', { params: { version: '7' } }, 404, /^There is no version 7 in the history$/],
    ['getVersion', { params: { version: 'x' } }, 404, /^There is no version x: versions are whole numbers$/],
    ['getVersion', { params: { version: '1'.repeat(16) } }, 404, /whole numbers$/],
    ['getVersion', { params: { version: '-1' } }, 404, /whole numbers$/],
    [
      'restoreVersion',
      { params: { version: '7' } },
      404,
      /^Cannot restore version 7: it is not in the history$/,
    ],
    ['restoreVersion', { params: { version: '1x' } }, 404, /whole numbers$/],
    ['getFlag', {}, 404, /^The document has no flag nowhere$/],
    ['getFlag', { params: { flag: 'toString' } }, 404, /^The document has no flag toString$/],
    [
      'createFlag',
      { body: { key: FLAG, flag: {} } },
      409,
      /^Cannot create new-shop: the document has a flag/,
    ],
    [
      'createFlag',
      { body: { key: 'new', flag: {} } },
      422,
      /^Cannot publish: the document has \d+ problems?$/,
    ],
    ['createFlag', { body: { key: '', flag: {} } }, 400, /^body\.key: /],
    [
      'publishDocument',
      { body: { document: {}, expectedVersion: version } },
      409,
      /has published version 0 since/,
    ],
    ['publishDocument', { body: { document: {} } }, 400, /^body\.expectedVersion: /],
    ['publishDocument', { body: { document: '{', expectedVersion: 0 } }, 422, /has 1 problem$/],
    ['diffDocument', { body: { document: 7 } }, 400, /^body\.document: /],
    ['validateDocument', {}, 400, /^body\.document: /],
    ['setPercentage', { params: { flag: FLAG }, body: { percentage: 5 } }, 409, /stages/],
    ['setPercentage', { body: { percentage: 100.1 } }, 400, /^body\.percentage: /],
    ['setPercentage', { body: { percentage: -1 } }, 400, /^body\.percentage: /],
    [
      'commandFlag',
      { params: { flag: 'nowhere', verb: 'kill' } },
      404,
      /^Cannot kill nowhere: the document has no/,
    ],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'unkill' } },
      409,
      /^Cannot unkill new-shop: it is not killed$/,
    ],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'resume' } },
      409,
      /^Cannot resume new-shop: it is neither/,
    ],
    ['commandFlag', { params: { flag: FLAG, verb: 'stage' } }, 400, /^stage must be given: \{"stage": 1\}$/],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'stage' }, body: { stage: 99 } },
      409,
      /its stages are 1 to/,
    ],
    ['commandFlag', { params: { flag: FLAG, verb: 'stage' }, body: { stage: 0.5 } }, 400, /^body\.stage: /],
    ['commandFlag', { params: { flag: 'all', verb: 'pause' } }, 409, /^Cannot pause \*: name one flag$/],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'kill' }, body: { reason: 'x'.repeat(501) } },
      400,
      /^body\.reason/,
    ],
    ['commandFlag', { params: { flag: FLAG, verb: 'kill' }, body: { why: 'x' } }, 400, /^body/],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'rollback' }, body: { sever: true } },
      400,
      /^isolate and sever must come with kill$/,
    ],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'unkill' }, body: { isolate: true } },
      400,
      /^isolate and sever/,
    ],
    [
      'commandFlag',
      { params: { flag: FLAG, verb: 'kill' }, body: { isolate: 'yes' } },
      400,
      /^body\.isolate/,
    ],
    ['explain', { body: { flag: 'nowhere' } }, 404, /^The document has no flag nowhere$/],
    [
      'explain',
      { body: { context: { request: { url: 'nonsense' } } } },
      400,
      /url, method or headers are not valid$/,
    ],
    ['explain', { body: { context: { request: { headers: { 'a b': '' } } } } }, 400, /are not valid$/],
    [
      'createPreview',
      { body: { overrides: { nowhere: 'on' } } },
      404,
      /^Cannot make a preview: The document has no/,
    ],
    [
      'createPreview',
      { body: { overrides: { [FLAG]: 'x' } } },
      404,
      /new-shop has no variant x; it has on, off$/,
    ],
    ['createPreview', { body: { overrides: {} } }, 400, /name at least one flag/],
    [
      'createPreview',
      { body: { overrides: { [FLAG]: 'on' }, expiresInSeconds: 2_592_001 } },
      400,
      /expiresIn/,
    ],
    ['createPreview', { body: { overrides: { [FLAG]: 'on' }, expiresInSeconds: 0 } }, 400, /expiresIn/],
    ['createToken', { body: { name: ' ', role: 'viewer' } }, 400, /^body\.name: /],
    ['createToken', { body: { name: 'x'.repeat(101), role: 'viewer' } }, 400, /^body\.name: /],
    ['createToken', { body: { name: 'x', role: 'owner' } }, 400, /^body\.role: /],
    [
      'createToken',
      { body: { name: 'x', role: 'viewer', expiresInDays: 3_651 } },
      400,
      /^body\.expiresInDays: /,
    ],
    ['revokeToken', { params: { id: 'nothing' } }, 404, /^Cannot revoke nothing: there is no such token$/],
    [
      'testWebhook',
      { body: { url: 'http://x.test/' } },
      404,
      /^Cannot test http:\/\/x\.test\/: the document has no/,
    ],
    ['getSeries', {}, 400, /^query\.flag: /],
    ...(['getSeries', 'listAudit', 'listFeedback', 'listOutcomes'] as const).map(
      (id): [OperationId, object, number, RegExp] => [
        id,
        { query: { flag: 'nowhere' } },
        404,
        /^The document has no flag nowhere$/,
      ],
    ),
    ...(['getResults', 'getShadow'] as const).map((id): [OperationId, object, number, RegExp] => [
      id,
      {},
      404,
      /^The document has no flag nowhere$/,
    ]),
    ['getSeries', { query: { flag: FLAG, seconds: '86401' } }, 400, /^query\.seconds: /],
    ['getSeries', { query: { flag: FLAG, seconds: '0' } }, 400, /^query\.seconds: /],
    ['listAudit', { query: { limit: '1001' } }, 400, /^query\.limit: /],
    ['listAudit', { query: { limit: '0' } }, 400, /^query\.limit: /],
    ['listFeedback', { query: { before: 'x' } }, 400, /^query\.before: a whole number$/],
    ['listVersions', { query: { limit: '-1' } }, 400, /^query\.limit: a whole number$/],
    ['getConvergence', { query: { epoch: '1.5' } }, 400, /^query\.epoch: a whole number$/],
    ...editing.map(([id, call]): [OperationId, object, number, RegExp] => [
      id,
      call,
      404,
      /^Cannot .* nowhere: the document has no such flag$/,
    ]),
    ...editing.map(([id, call]): [OperationId, object, number, RegExp] => [
      id,
      { params: { flag: FLAG }, body: { ...(call as { body?: object }).body, expectedVersion: version } },
      409,
      /since version 999999/,
    ]),
  ])('%s %j is %d', async (id, call, status, detail) => {
    const before = await admin.call('getStatus')
    const [got, text] = await attempt('admin', id, call)
    expect([got, text]).toEqual([status, expect.stringMatching(detail)])
    const after = await admin.call('getStatus')
    expect([after.epoch, after.document.version]).toEqual([before.epoch, before.document.version])
  })
})

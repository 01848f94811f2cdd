/** Everything that people can change by the admin API, with the record that each change must leave. */
import { expect } from 'vitest'
import type { AUDIT_ACTIONS } from '../../../src/contract/responses/logs.ts'
import type { Responses } from '../../../src/contract/responses.ts'
import type { FlagVerb, OperationId } from '../../../src/contract/routes.ts'
import { admin } from './admin.ts'

export type AuditAction = (typeof AUDIT_ACTIONS)[number]
export type AuditRecord = Responses['listAudit']['records'][number]
export type ExpectedRecord = Partial<Omit<AuditRecord, 'id' | 'at'>> & Pick<AuditRecord, 'action' | 'actor'>

/** What changes nothing, and may leave no record. */
export const READING = [
  'whoAmI',
  'signIn',
  'signOut',
  'getStatus',
  'streamStatus',
  'getConvergence',
  'getSeries',
  'getShadow',
  'getResults',
  'listAudit',
  'listFeedback',
  'listOutcomes',
  'getDocument',
  'validateDocument',
  'diffDocument',
  'listVersions',
  'getVersion',
  'listFlags',
  'getFlag',
  'explain',
  'listTokens',
] as const satisfies readonly OperationId[]

type Reading = (typeof READING)[number]
/** Does something, and gives the one record that this must leave; or none, where nothing changed. */
export type Act = () => Promise<ExpectedRecord | 'nothing'>
/** What is changed, after what has to be there before, which leaves its own records. */
export type Change = { leaves: AuditAction | 'nothing'; given?: () => Promise<unknown>; act: Act }
type Changes = Record<Exclude<OperationId, Reading | 'commandFlag'>, Record<string, Change>>

export const FLAG = 'steered'
export const VERSION = { version: expect.any(Number), hash: expect.any(String) }
const params = { flag: FLAG }

const onOff = { variants: { on: true, off: false }, off: 'off' }
const judged = (guard: object) => ({
  ...onOff,
  rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '0s' }] }],
  guard: { latency: false, ...guard },
})
const LADDER = [
  { percentage: 25, bake: '0s' },
  { percentage: 50, bake: '0s' },
]
export const DOCUMENT = {
  origins: { old: { url: 'http://old.test' } },
  routes: [{ path: '/*', origin: 'old' }],
  flags: {
    [FLAG]: {
      ...onOff,
      rules: [{ serve: 'on', stages: [{ percentage: 10, approval: true }, { percentage: 50 }] }],
    },
    plain: { ...onOff, rules: [{ serve: 'on', percentage: 10 }] },
    healthy: { ...judged({ errors: {} }), rules: [{ serve: 'on', stages: LADDER }] },
    failing: judged({ errors: {} }),
    called: judged({ errors: {}, action: 'freeze' }),
  },
  notifications: { webhooks: [{ url: 'http://hook.test/' }] },
}

const edited = (flag: string | null = FLAG): ExpectedRecord => ({
  action: 'document-published',
  actor: 'admin',
  flag,
  reason: 'because',
  before: VERSION,
  after: VERSION,
})
export const body = { reason: 'because' }

/** Publishes a document, the one of these tests unless another is given; it must differ from the one before. */
export async function publish(document: Record<string, unknown> = DOCUMENT): Promise<number> {
  const { version } = await admin.call('getDocument')
  await admin.call('publishDocument', {
    body: { document, expectedVersion: version, confirm: true, ...body },
  })
  return version + 1
}

const createFlag = () => admin.call('createFlag', { body: { key: 'created', flag: onOff, ...body } })
const createToken = () => admin.call('createToken', { body: { name: 'Olga', role: 'operator' } })

export const CHANGES: Changes = {
  publishDocument: {
    'a new document': {
      leaves: 'document-published',
      act: async () => {
        const version = await publish({ ...DOCUMENT, defaultOrigin: 'old' })
        return { ...edited(null), before: { version: version - 1 }, after: { version } }
      },
    },
    'the same again': {
      leaves: 'nothing',
      act: async () => {
        const { version, text } = await admin.call('getDocument')
        await admin.call('publishDocument', {
          body: { document: text, expectedVersion: version, confirm: true },
        })
        return 'nothing'
      },
    },
  },
  createFlag: {
    'a flag': {
      leaves: 'document-published',
      act: async () => {
        await createFlag()
        return edited('created')
      },
    },
  },
  patchFlag: {
    'a part of it': {
      leaves: 'document-published',
      act: async () => {
        await admin.call('patchFlag', { params, body: { patch: { owner: 'payments' }, ...body } })
        return { ...edited(), evidence: expect.anything() }
      },
    },
  },
  disableFlag: {
    'a flag that is enabled': {
      leaves: 'document-published',
      act: async () => {
        await admin.call('disableFlag', { params, body })
        return edited()
      },
    },
  },
  enableFlag: {
    'a flag that is disabled': {
      leaves: 'document-published',
      given: () => admin.call('disableFlag', { params, body }),
      act: async () => {
        await admin.call('enableFlag', { params, body })
        return edited()
      },
    },
  },
  setPercentage: {
    'another share': {
      leaves: 'document-published',
      act: async () => {
        await admin.call('setPercentage', { params: { flag: 'plain' }, body: { percentage: 20, ...body } })
        return edited('plain')
      },
    },
  },
  deleteFlag: {
    'a flag': {
      leaves: 'document-published',
      given: createFlag,
      act: async () => {
        await admin.call('deleteFlag', { params: { flag: 'created' }, body: { ...body, confirm: true } })
        return edited('created')
      },
    },
  },
  restoreVersion: {
    'an earlier version': {
      leaves: 'document-restored',
      given: createFlag,
      act: async () => {
        const { versions } = await admin.call('listVersions')
        const version = String(versions.at(-1)?.version)
        await admin.call('restoreVersion', { params: { version }, body: { ...body, confirm: true } })
        return { ...edited(null), action: 'document-restored' }
      },
    },
  },
  createPreview: {
    'a link': {
      leaves: 'preview-created',
      act: async () => {
        await admin.call('createPreview', { body: { overrides: { [FLAG]: 'on' } } })
        const evidence = expect.objectContaining({ overrides: { [FLAG]: 'on' } })
        return { action: 'preview-created', actor: 'admin', flag: FLAG, evidence }
      },
    },
  },
  showKey: {
    'a key': {
      leaves: 'key-shown',
      act: async () => {
        await admin.call('showKey', { params: { purpose: 'origin' } })
        return { action: 'key-shown', actor: 'admin', flag: null, evidence: { purpose: 'origin' } }
      },
    },
  },
  createToken: {
    'a token': {
      leaves: 'token-created',
      act: async () => {
        const { id } = await createToken()
        const after = { id, name: 'Olga', role: 'operator' }
        return { action: 'token-created', actor: 'admin', before: null, after }
      },
    },
  },
  revokeToken: {
    'a token': {
      leaves: 'token-revoked',
      given: createToken,
      act: async () => {
        const { id = '' } = (await admin.call('listTokens')).tokens.find(({ name }) => name === 'Olga') ?? {}
        await admin.call('revokeToken', { params: { id } })
        const before = { id, name: 'Olga', role: 'operator' }
        return { action: 'token-revoked', actor: 'admin', before, after: null }
      },
    },
  },
  noteOutcome: {
    'a note': {
      leaves: 'outcome-noted',
      given: () => admin.call('commandFlag', { params: { flag: FLAG, verb: 'rollback' }, body }),
      act: async () => {
        const [outcome] = (await admin.call('listOutcomes', { query: { flag: FLAG } })).outcomes
        await admin.call('noteOutcome', { params: { id: String(outcome?.id) }, body: { note: 'cold cache' } })
        return { action: 'outcome-noted', actor: 'admin', flag: FLAG, before: null, after: 'cold cache' }
      },
    },
  },
  testWebhook: {
    'a message': {
      leaves: 'webhook-tested',
      act: async () => {
        await admin.call('testWebhook', { body: { url: 'http://hook.test/' } })
        return { action: 'webhook-tested', actor: 'admin', reason: 'http://hook.test/' }
      },
    },
  },
}

export type Command = { verb: FlagVerb; stage?: number; isolate?: boolean; sever?: boolean }
/** What was commanded before, what the verb finds, and what it leaves. */
export type Step = Command & { given: readonly Command[]; before: object; after: object }

const ADVANCED: Command = { verb: 'stage', stage: 1 }

export const STEPS: Step[] = [
  { given: [], verb: 'pause', before: { stage: 0 }, after: { paused: { reason: 'because' } } },
  {
    given: [{ verb: 'pause' }],
    verb: 'resume',
    before: { paused: { reason: 'because' } },
    after: { generation: 1, stage: 0 },
  },
  { given: [], verb: 'stage', stage: 1, before: { stage: 0 }, after: { stage: 1 } },
  { given: [ADVANCED], verb: 'stage', stage: 0, before: { stage: 1 }, after: { stage: 0 } },
  { given: [], verb: 'approve', before: { stage: 0 }, after: { approved: true } },
  { given: [{ verb: 'approve' }], verb: 'advance', before: { approved: true }, after: { stage: 1 } },
  { given: [ADVANCED], verb: 'finish', before: { stage: 1 }, after: { finished: true } },
  {
    given: [ADVANCED, { verb: 'finish' }],
    verb: 'rollback',
    before: { finished: true },
    after: { rolledBack: { reason: 'because' } },
  },
  {
    given: [{ verb: 'rollback' }],
    verb: 'resume',
    before: { generation: 1 },
    after: { generation: 2, stage: 0 },
  },
  {
    given: [ADVANCED, { verb: 'finish' }],
    verb: 'restart',
    before: { generation: 1, finished: true },
    after: { generation: 2, stage: 0 },
  },
  { given: [], verb: 'kill', before: { killed: false }, after: { killed: true } },
  {
    given: [{ verb: 'kill' }],
    verb: 'kill',
    isolate: true,
    sever: true,
    before: { killed: true },
    after: { killed: true, isolated: true, severed: true },
  },
  {
    given: [{ verb: 'kill', isolate: true }],
    verb: 'unkill',
    before: { killed: true, isolated: true },
    after: { killed: false },
  },
]

/** What must be refused. */
export const REFUSED: { id: OperationId; call: object }[] = [
  { id: 'publishDocument', call: { body: { document: {}, expectedVersion: 0 } } },
  { id: 'deleteFlag', call: { params: { flag: 'nowhere' }, body } },
  { id: 'restoreVersion', call: { params: { version: '999' }, body } },
  { id: 'revokeToken', call: { params: { id: 'nothing' } } },
  { id: 'createPreview', call: { body: { overrides: { nowhere: 'on' } } } },
  { id: 'commandFlag', call: { params: { flag: 'nowhere', verb: 'kill' }, body } },
  { id: 'commandFlag', call: { params: { flag: FLAG, verb: 'unkill' }, body } },
  { id: 'noteOutcome', call: { params: { id: '999' }, body: { note: 'x' } } },
  { id: 'testWebhook', call: { body: { url: 'http://elsewhere.test/' } } },
]

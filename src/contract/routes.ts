/**
 * The operations of the admin API: where each stands, who may call it, what it does. Paths are below
 * /__sluice/api/v1. Server, command line, dashboard and OpenAPI description all read this table.
 */

/** What a token may do: look; steer rollouts; change everything. Each includes the ones before it. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  role: Role
  summary: string
}

/** What a person can do with the rollout of one flag; `kill` and `unkill` also with `*`, all flags. */
export const FLAG_VERBS = [
  'kill',
  'unkill',
  'rollback',
  'resume',
  'stage',
  'advance',
  'approve',
  'pause',
  'finish',
] as const
export type FlagVerb = (typeof FLAG_VERBS)[number]

export const API_PREFIX = '/__sluice/api/v1'

export const ROUTES = {
  whoAmI: { method: 'GET', path: '/me', role: 'viewer', summary: 'Name and role of the caller' },
  getStatus: { method: 'GET', path: '/status', role: 'viewer', summary: 'The live picture of the gate' },
  streamStatus: {
    method: 'GET',
    path: '/status/stream',
    role: 'viewer',
    summary: 'The same as server-sent events, one `status` event whenever it has changed',
  },
  getConvergence: {
    method: 'GET',
    path: '/convergence',
    role: 'viewer',
    summary: 'Which isolates decide by which epoch, and how long the slowest took',
  },
  getSeries: {
    method: 'GET',
    path: '/series',
    role: 'viewer',
    summary: 'Counts of a flag over time, by arm',
  },
  listAudit: { method: 'GET', path: '/audit', role: 'viewer', summary: 'The audit log, newest first' },
  listFeedback: { method: 'GET', path: '/feedback', role: 'viewer', summary: 'What visitors wrote' },

  getDocument: { method: 'GET', path: '/document', role: 'viewer', summary: 'The gate document in force' },
  validateDocument: {
    method: 'POST',
    path: '/document/validate',
    role: 'viewer',
    summary: 'The problems of a document, without publishing it',
  },
  diffDocument: {
    method: 'POST',
    path: '/document/diff',
    role: 'viewer',
    summary: 'What a document would change: its parts, and the people it moves',
  },
  publishDocument: {
    method: 'PUT',
    path: '/document',
    role: 'admin',
    summary: 'Publish a document, if nobody else has since `expectedVersion`',
  },
  listVersions: {
    method: 'GET',
    path: '/document/versions',
    role: 'viewer',
    summary: 'Versions of the document, newest first',
  },
  getVersion: {
    method: 'GET',
    path: '/document/versions/:version',
    role: 'viewer',
    summary: 'One version of the document, as it was written',
  },
  restoreVersion: {
    method: 'POST',
    path: '/document/versions/:version/restore',
    role: 'admin',
    summary: 'Publish an earlier version again',
  },

  listFlags: { method: 'GET', path: '/flags', role: 'viewer', summary: 'All flags at a glance' },
  getFlag: { method: 'GET', path: '/flags/:flag', role: 'viewer', summary: 'One flag: definition and state' },
  createFlag: { method: 'POST', path: '/flags', role: 'admin', summary: 'Add a flag to the document' },
  patchFlag: {
    method: 'PATCH',
    path: '/flags/:flag',
    role: 'admin',
    summary: 'Change a flag by a JSON merge patch (RFC 7396)',
  },
  deleteFlag: { method: 'DELETE', path: '/flags/:flag', role: 'admin', summary: 'Remove a flag' },
  enableFlag: {
    method: 'POST',
    path: '/flags/:flag/enable',
    role: 'operator',
    summary: 'Set `enabled` to true',
  },
  disableFlag: {
    method: 'POST',
    path: '/flags/:flag/disable',
    role: 'operator',
    summary: 'Set `enabled` to false',
  },
  setPercentage: {
    method: 'POST',
    path: '/flags/:flag/percentage',
    role: 'operator',
    summary: 'Set the percentage of a rule',
  },
  commandFlag: {
    method: 'POST',
    path: '/flags/:flag/:verb',
    role: 'operator',
    summary: 'Kill, unkill, roll back, resume, stage, advance, approve, pause or finish a flag',
  },

  explain: {
    method: 'POST',
    path: '/explain',
    role: 'viewer',
    summary: 'What a visitor gets, with the trace of every rule',
  },
  createPreview: {
    method: 'POST',
    path: '/preview',
    role: 'operator',
    summary: 'A signed, expiring link that sets variants for one visitor',
  },
  listTokens: { method: 'GET', path: '/tokens', role: 'admin', summary: 'Tokens, without their secrets' },
  createToken: { method: 'POST', path: '/tokens', role: 'admin', summary: 'Make a token; shown once' },
  revokeToken: { method: 'DELETE', path: '/tokens/:id', role: 'admin', summary: 'Take a token back' },
  testWebhook: {
    method: 'POST',
    path: '/webhooks/test',
    role: 'admin',
    summary: 'Send a test message to a webhook of the document',
  },
} as const satisfies Record<string, Route>

export type OperationId = keyof typeof ROUTES

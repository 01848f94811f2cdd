/**
 * The operations of the admin API: path and role of each. Paths are below /__sluice/api/v1. Server, command line,
 * dashboard and OpenAPI description all read this table.
 */
import { GATE_PATH } from '../core/gate-path.ts'

/** What a token may do: read; control rollouts; everything. Each role includes the ones before it. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** What a token may be made for: a role, or an app's server that reports for its visitors and reads flags, nothing else. */
export const TOKEN_ROLES = [...ROLES, 'reporter'] as const
export type TokenRole = (typeof TOKEN_ROLES)[number]

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  role: Role
}

/** The commands that control the rollout of a flag; `kill` and `unkill` also take `*`, all flags. */
export const FLAG_VERBS = [
  'kill',
  'unkill',
  'rollback',
  'resume',
  'restart',
  'stage',
  'advance',
  'approve',
  'pause',
  'finish',
] as const
export type FlagVerb = (typeof FLAG_VERBS)[number]

export const API_PREFIX = `${GATE_PATH}/api/v1`

export const ROUTES = {
  whoAmI: { method: 'GET', path: '/me', role: 'viewer' },
  signIn: { method: 'POST', path: '/session', role: 'viewer' },
  signOut: { method: 'DELETE', path: '/session', role: 'viewer' },
  getStatus: { method: 'GET', path: '/status', role: 'viewer' },
  streamStatus: {
    method: 'GET',
    path: '/status/stream',
    role: 'viewer',
  },
  getConvergence: {
    method: 'GET',
    path: '/convergence',
    role: 'viewer',
  },
  getSeries: {
    method: 'GET',
    path: '/series',
    role: 'viewer',
  },
  getShadow: { method: 'GET', path: '/flags/:flag/shadow', role: 'operator' },
  getResults: { method: 'GET', path: '/flags/:flag/results', role: 'viewer' },
  listAudit: { method: 'GET', path: '/audit', role: 'viewer' },
  listFeedback: { method: 'GET', path: '/feedback', role: 'viewer' },
  listOutcomes: { method: 'GET', path: '/outcomes', role: 'viewer' },
  noteOutcome: { method: 'PUT', path: '/outcomes/:id/note', role: 'operator' },

  getDocument: { method: 'GET', path: '/document', role: 'viewer' },
  validateDocument: {
    method: 'POST',
    path: '/document/validate',
    role: 'viewer',
  },
  diffDocument: {
    method: 'POST',
    path: '/document/diff',
    role: 'viewer',
  },
  publishDocument: {
    method: 'PUT',
    path: '/document',
    role: 'admin',
  },
  listVersions: {
    method: 'GET',
    path: '/document/versions',
    role: 'viewer',
  },
  getVersion: {
    method: 'GET',
    path: '/document/versions/:version',
    role: 'viewer',
  },
  restoreVersion: {
    method: 'POST',
    path: '/document/versions/:version/restore',
    role: 'admin',
  },

  listFlags: { method: 'GET', path: '/flags', role: 'viewer' },
  getFlag: { method: 'GET', path: '/flags/:flag', role: 'viewer' },
  createFlag: { method: 'POST', path: '/flags', role: 'admin' },
  patchFlag: {
    method: 'PATCH',
    path: '/flags/:flag',
    role: 'admin',
  },
  deleteFlag: { method: 'DELETE', path: '/flags/:flag', role: 'admin' },
  enableFlag: {
    method: 'POST',
    path: '/flags/:flag/enable',
    role: 'operator',
  },
  disableFlag: {
    method: 'POST',
    path: '/flags/:flag/disable',
    role: 'operator',
  },
  setPercentage: {
    method: 'POST',
    path: '/flags/:flag/percentage',
    role: 'operator',
  },
  commandFlag: {
    method: 'POST',
    path: '/flags/:flag/:verb',
    role: 'operator',
  },

  explain: {
    method: 'POST',
    path: '/explain',
    role: 'viewer',
  },
  createPreview: {
    method: 'POST',
    path: '/preview',
    role: 'operator',
  },
  showKey: { method: 'GET', path: '/keys/:purpose', role: 'admin' },
  listTokens: { method: 'GET', path: '/tokens', role: 'admin' },
  createToken: { method: 'POST', path: '/tokens', role: 'admin' },
  revokeToken: { method: 'DELETE', path: '/tokens/:id', role: 'admin' },
  testWebhook: {
    method: 'POST',
    path: '/webhooks/test',
    role: 'admin',
  },
} as const satisfies Record<string, Route>

export type OperationId = keyof typeof ROUTES

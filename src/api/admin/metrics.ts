/** GET /__sluice/metrics: the live picture for Prometheus (text format 0.0.4). */
import { Hono } from 'hono/tiny'
import type { FlagStatusView, Responses } from '../../contract/responses.ts'
import type { LiveConfig } from '../../gate/config/live-config.ts'
import { controller, type Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { type Authenticator, contextOf, isAllowed, loginRefused } from '../auth/authenticator.ts'
import type { ControllerPort } from './answers/call.ts'
import { statusOf } from './answers/status.ts'

type Labels = Readonly<Record<string, string | number>>
type Sample = { labels: Labels; value: number }
type Metric = { name: string; type: 'counter' | 'gauge' | 'summary'; help: string; samples: Sample[] }

const HEADERS = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' }

const STATES = ['open', 'killed', 'rolled-back', 'disabled'] as const
const QUANTILES = [
  ['0.5', 'p50Ms'],
  ['0.95', 'p95Ms'],
  ['0.99', 'p99Ms'],
] as const

/** Makes the endpoint; a scraper authenticates as every other caller does. */
export function createMetricsApi(authenticator: Authenticator, live: LiveConfig): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  api.get('/', async (c) => {
    const login = await authenticator.login(c.req.raw, { ...contextOf(c), realm: 'metrics' })
    if (!login.ok) return loginRefused(login)
    if (!isAllowed(login.actor, 'viewer'))
      return problemDetails(
        403,
        'Forbidden',
        `${login.actor.name} may act as ${login.actor.role}; this needs viewer`,
      )
    const status = await statusOf({ live, env: c.env, controller: controller<ControllerPort>(c.env) })
    return new Response(metricsText(status), { headers: HEADERS })
  })
  return api
}

function metricsText(status: Responses['getStatus']): string {
  return [...flagMetrics(status.flags), ...gateMetrics(status)].map(textOf).join('')
}

function flagMetrics(views: Readonly<Record<string, FlagStatusView>>): Metric[] {
  const flags = Object.entries(views)
  const ofCells = (valuesOf: (cell: FlagStatusView['cells'][number]) => [Labels, number | null][]) =>
    flags.flatMap(([flag, { cells }]) =>
      cells.flatMap((cell) => {
        const { variant, arm, generation, stage } = cell
        return valuesOf(cell).flatMap(([labels, value]) =>
          value === null ? [] : [{ labels: { flag, variant, arm, generation, stage, ...labels }, value }],
        )
      }),
    )
  const ofFlags = (read: (view: FlagStatusView) => number | null) =>
    flags.flatMap(([flag, view]) => {
      const value = read(view)
      return value === null ? [] : [{ labels: { flag }, value }]
    })
  return [
    counter(
      'sluice_requests_total',
      'Requests decided by a flag',
      ofCells((cell) => [[{}, cell.requests]]),
    ),
    counter(
      'sluice_errors_total',
      'Failures of origins, and errors that the app reported, by kind',
      ofCells((cell) => Object.entries(cell.errorsByKind).map(([kind, value]) => [{ kind }, value])),
    ),
    counter(
      'sluice_paired_failures_total',
      'Failed requests that prove nothing: shared by both origins, or not asked of the other one',
      ofCells(({ pairing: { shared, unasked } }) => [
        [{ proof: 'shared' }, shared],
        [{ proof: 'unasked' }, unasked],
      ]),
    ),
    counter(
      'sluice_questions_total',
      'Failed requests of control that were repeated at the canary in the background',
      ofCells((cell) => [[{}, cell.pairing.questions]]),
    ),
    summary(
      'sluice_latency_seconds',
      'Time to the first byte of the origin, by quantile',
      ofCells((cell) =>
        QUANTILES.map(([quantile, field]) => [
          { quantile },
          cell[field] === null ? null : cell[field] / 1_000,
        ]),
      ),
    ),
    gauge(
      'sluice_flag_percentage',
      'Share of the canary, in percent; 0 while the flag is closed',
      ofFlags(({ percentage, state }) => (percentage === null || state === 'open' ? percentage : 0)),
    ),
    gauge(
      'sluice_flag_generation',
      'Number of the rollout attempt',
      ofFlags((view) => view.generation),
    ),
    gauge(
      'sluice_flag_stage',
      'Index of the stage',
      ofFlags((view) => view.stage),
    ),
    gauge(
      'sluice_flag_state',
      '1 for the state that the flag is in',
      flags.flatMap(([flag, { state }]) =>
        STATES.map((each) => ({ labels: { flag, state: each }, value: each === state ? 1 : 0 })),
      ),
    ),
    gauge(
      'sluice_flag_stopped',
      '1 while the flag stays where it is until it is resumed, by what stopped it',
      flags.flatMap(([flag, { frozen, paused }]) =>
        Object.entries({ freeze: frozen, pause: paused }).map(([by, occasion]) => ({
          labels: { flag, by },
          value: occasion === null ? 0 : 1,
        })),
      ),
    ),
    gauge(
      'sluice_flag_needs_operator',
      '1 while nothing goes on by itself: a freeze, a stage past maxBake or with an approval, an odd split',
      ofFlags((view) => (view.needsOperator ? 1 : 0)),
    ),
    gauge(
      'sluice_flag_judged',
      '1 for a flag with a guard; 0 while no test of it can act',
      ofFlags(({ verdict }) => (verdict === null ? null : verdict.kind === 'unjudged' ? 0 : 1)),
    ),
    gauge(
      'sluice_guard_wealth',
      'Evidence against the canary; the guard rolls back at 1/alpha',
      ofFlags((view) => view.verdict?.evidence.wealth ?? null),
    ),
  ]
}

function gateMetrics(status: Responses['getStatus']): Metric[] {
  const one = (value: number) => [{ labels: {}, value }]
  const refused = status.document.problems.length > 0
  return [
    gauge('sluice_epoch', 'Number of the control state', one(status.epoch)),
    gauge('sluice_document_version', 'Version of the document in force', one(status.document.version)),
    gauge('sluice_document_refused', '1 while KV holds a document that is not valid', one(refused ? 1 : 0)),
    gauge('sluice_controller_up', '1 when the Controller answers', one(status.controller === 'ok' ? 1 : 0)),
    gauge(
      'sluice_alert',
      '1 while something is wrong with what the gate sees or writes',
      (status.alerts ?? []).map(({ event, flag }) => ({ labels: { event, flag: flag ?? '' }, value: 1 })),
    ),
    counter(
      'sluice_internal_errors_total',
      'Exceptions that the gate survived, by place',
      status.internalErrors.map(({ place, count }) => ({ labels: { place }, value: count })),
    ),
    gauge(
      'sluice_isolates',
      'Isolates seen in the last 60 s',
      status.colos.map(({ colo, isolates }) => ({ labels: { colo }, value: isolates.length })),
    ),
  ]
}

function counter(name: string, help: string, samples: Sample[]): Metric {
  return { name, type: 'counter', help, samples }
}

function gauge(name: string, help: string, samples: Sample[]): Metric {
  return { name, type: 'gauge', help, samples }
}

/** What has the label `quantile`; Prometheus' own linter refuses it elsewhere. */
function summary(name: string, help: string, samples: Sample[]): Metric {
  return { name, type: 'summary', help, samples }
}

function textOf({ name, type, help, samples }: Metric): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** Puts the Controller's parts together. Each keeps its memory in the storage that it is given. */

import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { NotificationEvent } from '../../core/config/schema/document.ts'
import { numbered } from '../../core/counters/protocol.ts'
import { sharesOf } from '../../core/metrics/spec.ts'
import type { AuditAction, Cause } from '../../core/rollout/audit.ts'
import { unconfirmedEntries } from '../../core/rollout/edits/entering.ts'
import { percentageOf } from '../../core/rollout/news/transition.ts'
import type { Env } from '../../platform/env.ts'
import { logLine } from '../../platform/log-line.ts'
import type { Alarm } from '../storage/alarm.ts'
import { AttemptLog } from '../storage/attempt-log.ts'
import { AuditLog } from '../storage/audit-log.ts'
import { Books } from '../storage/books/books.ts'
import { FailureLog } from '../storage/books/failure-log.ts'
import { CellStore } from '../storage/cell-store.ts'
import { FeedbackLog } from '../storage/feedback-log.ts'
import { FlagLog } from '../storage/flag-log.ts'
import { InternalErrorLog } from '../storage/internal-error-log.ts'
import { MetricBooks } from '../storage/metrics/metric-books.ts'
import { SampleRing } from '../storage/sample-ring.ts'
import { SeriesStore } from '../storage/series-store.ts'
import { SessionStore } from '../storage/session-store.ts'
import { ShadowLog } from '../storage/shadow-log.ts'
import { ShardLog } from '../storage/shard-log.ts'
import { TextStore } from '../storage/text-store.ts'
import { TokenStore } from '../storage/token-store.ts'
import { ChangePublisher } from './change-publisher.ts'
import { ControlStore } from './control-store.ts'
import { Documents } from './documents.ts'
import { GuardRunner } from './guard-runner.ts'
import { ImpactEstimator } from './impact.ts'
import { KvReader } from './kv-reader.ts'
import { type KvKey, KvWriter } from './kv-writer.ts'
import { MetricRunner } from './metrics/metric-runner.ts'
import { Notifier } from './news/notifier.ts'
import { Watch } from './news/watch.ts'
import { PaceKeeper } from './pace/pace-keeper.ts'
import { RolloutTick } from './rollout-tick.ts'
import { causesNow } from './senses.ts'

/** A shard counts that has forwarded within this time. */
const SHARD_BUSY_MS = 60_000

export type ControllerParts = ReturnType<typeof createParts>

/** `bundled` is the document that is in force until another one is published. */
export function createParts(storage: DurableObjectStorage, env: Env, alarm: Alarm, bundled: unknown) {
  const { sql } = storage
  const texts = new TextStore(sql)
  const audit = new AuditLog(sql, ({ action, flag, actor, reason, evidence }) =>
    logLine(env, 'sluice.audit', { action, flag, actor, reason, evidence }),
  )
  const logs = {
    texts,
    audit,
    cells: new CellStore(),
    shards: new ShardLog(),
    series: new SeriesStore(sql),
    feedback: new FeedbackLog(sql),
    attempts: new AttemptLog(sql),
    tokens: new TokenStore(sql, audit),
    sessions: new SessionStore(sql),
    flags: new FlagLog(sql),
    samples: new SampleRing(texts),
    shadow: new ShadowLog(texts),
    failures: new FailureLog(),
    internalErrors: new InternalErrorLog(texts),
  }
  const books = new Books(storage, logs)
  const control = new ControlStore(storage, texts, audit)
  const newestFor = (key: KvKey): string => {
    if (key === 'config') return documents.current.text
    return JSON.stringify(key === 'kill' ? kvReader.report.killList : numbered(control.state))
  }
  const kv = new KvWriter(env.GATE, texts, newestFor)
  const documents = new Documents(sql, texts, kv, bundled)
  const kvReader = new KvReader(env, texts, kv, documents, (next) =>
    unconfirmedEntries({ ...documents.current, state: control.state }, next),
  )
  const notifier = new Notifier(sql, env, {
    webhooks: () => documents.current.document.notifications.webhooks,
    attemptOf: (key) => {
      const attempt = control.state.flags[key] ?? INITIAL_FLAG_CONTROL
      const flag = documents.current.snapshot.flags.get(key)
      const { generation, stage } = attempt
      return { generation, stage, percentage: flag ? percentageOf(flag, attempt) : null }
    },
  })
  const tell = (event: NotificationEvent & AuditAction, flag: string | null, cause: Cause, nowMs: number) => {
    audit.append({ atMs: nowMs, action: event, flag: flag ?? undefined, before: null, after: null, ...cause })
    notifier.enqueue(event, flag, cause, nowMs)
  }
  const impact = new ImpactEstimator({ samples: logs.samples, kvReader, env })
  const pace = new PaceKeeper(env, audit, {
    change: () => `${control.state.epoch} ${documents.current.info.version}`,
    isLive: () => rollouts.isLive(documents.current),
    shards: () => logs.shards.activeSince(Date.now() - SHARD_BUSY_MS).length,
  })
  const parts = { ...logs, books, pace, env, alarm, control, documents, kv, kvReader, notifier, impact }
  const controlOf = (flag: string) => control.state.flags[flag] ?? INITIAL_FLAG_CONTROL
  const metricBooks = new MetricBooks(storage, texts, {
    measuresOf: (flag) => documents.current.snapshot.flags.get(flag)?.measures,
    nowMs: () => Date.now(),
    weeklyOf: (flag) => documents.current.snapshot.flags.get(flag)?.weekly,
    placeOf: (key, measures) => {
      const flag = documents.current.snapshot.flags.get(key)
      const { generation, stage } = controlOf(key)
      const percentage = flag ? percentageOf(flag, controlOf(key)) : 100
      return { generation, stage, shares: sharesOf(measures, percentage) }
    },
  })
  const metrics: MetricRunner = new MetricRunner(metricBooks, {
    controlOf,
    perform: (command, cause) => changes.perform(command, cause),
    tell,
  })
  const changes = new ChangePublisher({
    ...parts,
    metricsOf: (flag, generation, nowMs) =>
      metrics.resultsOfAttempt(documents.current, flag, generation, nowMs),
    verdictOf: (flag) => rollouts.views.get(flag)?.verdict ?? null,
  })
  const rollouts: RolloutTick = new RolloutTick(
    control,
    {
      guard: new GuardRunner(books, logs.cells, {
        eventsOf: (flag, metric) => metricBooks.totalOf(flag, metric),
        tell: (flag, cause, nowMs) => tell('metric', flag, cause, nowMs),
      }),
      shadow: logs.shadow,
    },
    texts,
    {
      perform: (command, cause) => changes.perform(command, cause),
      tell,
      log: (verdict) => logLine(env, 'sluice.verdict', verdict),
    },
  )
  const watch: Watch = new Watch(texts, {
    document: () => ({ version: documents.current.info.version, document: documents.current.document }),
    causes: (nowMs) => causesNow(all, nowMs),
    tell,
  })
  const all = { ...parts, metricBooks, metrics, changes, rollouts, watch }
  return all
}

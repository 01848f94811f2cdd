/** The impact of a document: replays the sampled visitors on it. */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import { type Control, type ControlState, compileControl } from '../../core/config/control.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { normalSources } from '../../core/config/split/normal-form.ts'
import { type Impact, UNKNOWN_IMPACT } from '../../core/decision/impact.ts'
import { replay, valuesToHash } from '../../core/decision/replay.ts'
import type { DecisionSample } from '../../core/decision/sample.ts'
import { audiencesOf, examplesOf, type RuleAudience } from '../../core/decision/sample-answers.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import { pseudonymOf } from '../../platform/pseudonym.ts'
import type { SampleRing } from '../storage/sample-ring.ts'
import type { KvReader } from './kv-reader.ts'

type ImpactParts = { samples: SampleRing; kvReader: KvReader; env: Env }

/** A document, and the control state beside it. */
type Side = { document: GateDocument; snapshot: Snapshot; state: ControlState }

export class ImpactEstimator {
  readonly #samples: SampleRing
  readonly #kvReader: KvReader
  readonly #env: Env

  constructor({ samples, kvReader, env }: ImpactParts) {
    this.#samples = samples
    this.#kvReader = kvReader
    this.#env = env
  }

  /** The visitors who would move if a document with its control state replaced the one in force. */
  async of(before: Side, after: Side): Promise<Impact> {
    const nowMs = Date.now()
    const [{ document }, { document: next }] = [before, after]
    const redefined = changedKeys(document.context.attributes, next.context.attributes)
    const samples = this.#samples.all(nowMs).map((sample) => without(sample, redefined))
    // With another targeting key every visitor is bucketed anew, and the samples don't tell how.
    const [was, is] = [document, next].map(({ context }) => normalSources(context.targetingKey))
    if (!isSame(was, is)) {
      return { ...UNKNOWN_IMPACT, unknown: samples.length }
    }
    const hashes = await this.#hashesFor(after.snapshot, samples)
    return replay({
      before: { snapshot: before.snapshot, control: this.#controlOf(before) },
      after: { snapshot: after.snapshot, control: this.#controlOf(after) },
      changed: changedKeys(document.flags, next.flags),
      samples,
      environment: environmentOf(this.#env),
      nowMs,
      hashes,
    })
  }

  /** How many recent visitors meet the conditions of each rule of a flag, in a document that is not in force. */
  async audiencesOf(
    before: Pick<Side, 'document'>,
    { document, snapshot }: Omit<Side, 'state'>,
    flag: string,
  ): Promise<RuleAudience[]> {
    const nowMs = Date.now()
    const redefined = changedKeys(before.document.context.attributes, document.context.attributes)
    const samples = this.#samples.all(nowMs).map((sample) => without(sample, redefined))
    const hashes = await this.#hashesFor(snapshot, samples)
    return audiencesOf(snapshot.flags.get(flag)?.rules ?? [], samples, { nowMs, hashes })
  }

  /** What recent visitors have, attribute by attribute. */
  examples(): Record<string, string[]> {
    return examplesOf(this.#samples.all(Date.now()))
  }

  async #hashesFor(snapshot: Snapshot, samples: readonly DecisionSample[]): Promise<Map<string, string>> {
    const hashes = new Map<string, string>()
    for (const value of valuesToHash(snapshot, samples))
      hashes.set(value, await pseudonymOf(value, this.#env))
    return hashes
  }

  #controlOf({ state }: Side): Control {
    return compileControl(state, this.#kvReader.report.killList)
  }
}

/** Keys whose values differ, or that only one of the two has. */
function changedKeys(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return new Set([...keys].filter((key) => !isSame(before[key], after[key])))
}

/** A sample without the attributes whose source has changed. */
function without(sample: DecisionSample, names: ReadonlySet<string>): DecisionSample {
  if (names.size === 0) return sample
  const kept = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)))
  return { ...sample, attributes: kept(sample.attributes), hashed: kept(sample.hashed), held: {} }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

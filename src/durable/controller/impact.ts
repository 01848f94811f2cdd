/** Tries a document on the people of the samples. */

import { compileSnapshot } from '../../core/config/compile/snapshot.ts'
import { compileControl } from '../../core/config/control.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { type Impact, UNKNOWN_IMPACT } from '../../core/decision/impact.ts'
import { replay, valuesToHash } from '../../core/decision/replay.ts'
import type { DecisionSample } from '../../core/decision/sample.ts'
import { type Env, environmentOf } from '../../platform/env.ts'
import { pseudonymOf } from '../../platform/pseudonym.ts'
import type { SampleRing } from '../storage/sample-ring.ts'
import type { ControlDesk } from './control.ts'
import type { DocumentDesk } from './documents.ts'

export class PeopleDesk {
  readonly #ring: SampleRing
  readonly #documents: DocumentDesk
  readonly #control: ControlDesk
  readonly #env: Env

  constructor(ring: SampleRing, documents: DocumentDesk, control: ControlDesk, env: Env) {
    this.#ring = ring
    this.#documents = documents
    this.#control = control
    this.#env = env
  }

  /** Whom the document in force being replaced by another would move. */
  async movedBy(next: GateDocument): Promise<Impact> {
    const nowMs = Date.now()
    const { document, snapshot: before } = this.#documents.current
    const redefined = changedKeys(document.context.attributes, next.context.attributes)
    const samples = this.#ring.all(nowMs).map((sample) => without(sample, redefined))
    // Visitors of another key are dealt anew: nothing that was sampled says how.
    if (!isSame(document.context.targetingKey, next.context.targetingKey)) {
      return { ...UNKNOWN_IMPACT, unknown: samples.length }
    }
    const after = compileSnapshot(next)
    const hashes = new Map<string, string>()
    for (const value of valuesToHash(after, samples)) hashes.set(value, await pseudonymOf(value, this.#env))
    return replay({
      before,
      after,
      changed: changedKeys(document.flags, next.flags),
      samples,
      control: compileControl(this.#control.state, this.#documents.report.killList),
      environment: environmentOf(this.#env),
      nowMs,
      hashes,
    })
  }
}

/** Keys whose values differ, or that only one of the two has. */
function changedKeys(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>) {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return new Set([...keys].filter((key) => !isSame(before[key], after[key])))
}

/** An attribute that comes from elsewhere now is not what was recorded. */
function without(sample: DecisionSample, names: ReadonlySet<string>): DecisionSample {
  if (names.size === 0) return sample
  const kept = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)))
  return { ...sample, attributes: kept(sample.attributes), hashed: kept(sample.hashed), held: {} }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

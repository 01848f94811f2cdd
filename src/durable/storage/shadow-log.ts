/** Shadow stages: what their samples say. The state of each flag stays in SQLite. */
import type { FlagControl } from '../../core/config/control.ts'
import type { ShadowOutcome } from '../../core/rollout/attempt.ts'
import type { RolloutPlan } from '../../core/rollout/plan.ts'
import type { ShadowLook } from '../../core/rollout/step.ts'
import { NO_SHADOW, SHADOW_DEFAULTS, type ShadowState, stepShadow } from '../../core/shadow/evidence.ts'
import { plainSample, type ShadowSample } from '../../core/shadow/sample.ts'
import { placesOf, shadowSummary, shadowVerdict } from '../../core/shadow/verdict.ts'
import { shadowSentence } from '../../core/shadow/words.ts'
import type { TextStore } from './text-store.ts'

/** Samples with differences that people can look at. */
const MOST_KEPT = 40
/** Of these, so many differ in the same fields of the same route: one that is rare isn't pushed out by one that is not. */
const MOST_ALIKE = 3
const KEPT_MS = 24 * 3_600_000
/** Losing seconds of samples does no harm: what is lost says nothing about what it would have said. */
const SAVED_EVERY_MS = 5_000

type Kept = Pick<ShadowSample, 'route' | 'atMs' | 'shown'>
type Attempt = Pick<FlagControl, 'generation' | 'stage'> & {
  startedMs: number
  state: ShadowState
  kept: Kept[]
}

export class ShadowLog {
  readonly #texts: TextStore
  readonly #attempts = new Map<string, Attempt>()
  readonly #unsaved = new Set<string>()
  #savedAtMs = 0

  constructor(texts: TextStore) {
    this.#texts = texts
  }

  /** Takes samples, each exactly once; those of another attempt or stage say nothing about this one. */
  add(samples: readonly ShadowSample[], controlOf: (flag: string) => FlagControl, nowMs: number): void {
    for (const sent of samples) {
      const control = controlOf(sent.flag)
      if (sent.generation !== control.generation || sent.stage !== control.stage) continue
      const sample = plainSample(sent)
      const attempt = this.#at(sample.flag, control, nowMs)
      attempt.state = stepShadow(attempt.state, sample, SHADOW_DEFAULTS)
      if (sample.shown.length > 0) keep(attempt.kept, sample)
      this.#unsaved.add(sample.flag)
    }
    if (this.#unsaved.size > 0 && nowMs - this.#savedAtMs >= SAVED_EVERY_MS) this.#save(nowMs)
  }

  /** What the flag's stage shows; undefined for a stage with visitors. */
  look({ flag, stages }: RolloutPlan, control: FlagControl, nowMs: number): ShadowLook | undefined {
    const plan = stages[Math.min(control.stage, stages.length - 1)]
    if (!plan?.shadow) return undefined
    const { state, startedMs } = this.#at(flag, control, nowMs)
    const evidence = { shadow: shadowSummary(state, SHADOW_DEFAULTS) }
    return { ...judged(state), elapsedMs: nowMs - startedMs, evidence }
  }

  /** All that is known of a flag's latest shadow stage. */
  report(flag: string, nowMs: number) {
    const attempt = this.#recall(flag)
    if (attempt === undefined) return undefined
    const { state, generation, stage, startedMs } = attempt
    const { kind, sentence } = judged(state)
    return {
      generation,
      stage,
      startedMs,
      samples: state.samples,
      verdict: kind,
      sentence,
      routes: Object.entries(state.byRoute).map(([route, { samples }]) => ({ route, samples })),
      findings: placesOf(state, SHADOW_DEFAULTS).slice(0, 100),
      shown: attempt.kept.filter(({ atMs }) => nowMs - atMs < KEPT_MS).reverse(),
    }
  }

  /** What the copies of an attempt showed; undefined where none were made. */
  outcomeOf(flag: string, generation: number): ShadowOutcome | undefined {
    const attempt = this.#recall(flag)
    if (attempt?.generation !== generation) return undefined
    const { kind: verdict, sentence } = judged(attempt.state)
    return { verdict, sentence, samples: attempt.state.samples }
  }

  /** Forgets the flags that a document no longer has: one that comes back begins anew. */
  keepOnly(flags: { has(flag: string): boolean }): void {
    for (const name of this.#texts.namesWith(PREFIX)) {
      const flag = name.slice(PREFIX.length)
      if (flags.has(flag)) continue
      this.#attempts.delete(flag)
      this.#unsaved.delete(flag)
      this.#texts.remove(name)
    }
  }

  #at(flag: string, { generation, stage }: FlagControl, nowMs: number): Attempt {
    const known = this.#recall(flag)
    if (known?.generation === generation && known.stage === stage) return known
    const attempt: Attempt = { generation, stage, startedMs: nowMs, state: NO_SHADOW, kept: [] }
    this.#attempts.set(flag, attempt)
    this.#texts.putJson(textName(flag), attempt)
    return attempt
  }

  #recall(flag: string): Attempt | undefined {
    const known = this.#attempts.get(flag) ?? this.#texts.getJson<Attempt>(textName(flag))
    if (known !== undefined) this.#attempts.set(flag, known)
    return known
  }

  #save(nowMs: number): void {
    this.#savedAtMs = nowMs
    for (const flag of this.#unsaved) this.#texts.putJson(textName(flag), this.#attempts.get(flag))
    this.#unsaved.clear()
  }
}

/** Keeps a sample in place of the oldest one like it, or of the oldest. */
function keep(kept: Kept[], { route, atMs, shown }: ShadowSample): void {
  const alike = kept.filter((each) => isAlike(each, { route, shown }))
  const gone = alike.length >= MOST_ALIKE ? alike[0] : kept.length >= MOST_KEPT ? kept[0] : undefined
  if (gone !== undefined) kept.splice(kept.indexOf(gone), 1)
  kept.push({ route, atMs, shown })
}

function isAlike(one: Kept, other: Pick<Kept, 'route' | 'shown'>): boolean {
  const fieldsOf = ({ shown }: Pick<Kept, 'shown'>) => shown.map(({ field }) => field).join('\n')
  return one.route === other.route && fieldsOf(one) === fieldsOf(other)
}

function judged(state: ShadowState): Pick<ShadowLook, 'kind' | 'sentence'> {
  const verdict = shadowVerdict(state, SHADOW_DEFAULTS)
  return { kind: verdict.kind, sentence: shadowSentence(verdict, state, SHADOW_DEFAULTS) }
}

const PREFIX = 'shadow '

function textName(flag: string): string {
  return `${PREFIX}${flag}`
}

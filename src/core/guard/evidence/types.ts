/** Input and output of the guard: plain JSON. */

import type { ArmTick } from '../../counters/ticks.ts'

/** One tick, normally a second. All counts belong to this generation and stage. */
export type GuardTick = {
  atMs: number
  generation: number
  stage: number
  /** The canary's percentage, 0–100: the canary holds the lowest visitor slots. */
  percentage: number
  /** The percentage up to which control's visitors become canary next, as isolates see it; where it is known. */
  comingTo?: number | undefined
  canary: ArmTick
  control: ArmTick
  /** Served but not compared; only thresholds count them. */
  others?: ArmTick
  /** Of another stage of the generation, which came late: no evidence, but part of the attempt's sums. */
  late?: { canary: ArmTick; control: ArmTick } | undefined
}

export type Trigger =
  | 'errors'
  | 'latency'
  | 'ceiling'
  | 'threshold'
  | 'traffic'
  | 'split'
  | 'client-errors'
  /** Of a flag without a split: a metric per journey. */
  | 'metric'

/** The numbers behind a verdict. Rates are 0–1, of about the last minute; wealth 1 means no evidence. */
export type Evidence = {
  wealth: number
  errorWealth: number
  latencyWealth: number
  /** Anytime-valid p-value: the least 1/wealth so far in this generation, or that of the canary's collapse. */
  pValue: number
  canaryRequests: number
  controlRequests: number
  canaryErrors: number
  controlErrors: number
  canaryErrorRate: number
  controlErrorRate: number
  /** Distinct canary slots with errors, up to the number needed. */
  erroredBuckets: number
  /** Evidence that the canary turns visitors away, and the rates. */
  clientErrorWealth: number
  canaryClientErrorRate: number
  controlClientErrorRate: number
  /** Evidence that the canary is not worse; a stage may advance at 1/β. */
  advanceErrorWealth: number
  advanceLatencyWealth: number
  /** Estimate; null when unknown. */
  canaryRequestsToGo: number | null
  splitPValue: number
  /** Visitor slots that rest after an error. */
  restingBuckets: number
  stageElapsedMs: number
  /** How many points (a rate, 0–1) worse than 1.5 times control a canary may be that this stage lets pass. */
  advanceMargin: number
}

/** A limit of a stage: "an error rate of at most 1 %", "1.4 % (12 of 850)". */
export type Requirement = { text: string; found: string; met: boolean }

/** Of a flag without a split: its journeys, or a metric per journey, against the same hours of the weeks before. Rates are 0–1. */
export type BeforeAfterFigures = {
  /** Missing for journeys themselves. */
  metric?: string
  /** ISO time. */
  since: string
  /** Or events of the metric. */
  journeys: number
  expected: number
  fall: number
  /** The least fall that is acted on: the limit, or what can be told from a usual day. */
  actsFrom: number
  weeks: number
}

/**
 * The guard's conclusion at one look. `kind` alone says what follows; only what belongs to it is there. Until a
 * canary may advance, `alert` is set once the stage is past its longest bake.
 *
 * `sentence` is for audit log and dashboard, without a final period.
 */
export type Verdict = Judgement & Words

type Words = {
  sentence: string
  evidence: Evidence
  /** What holds the stage besides evidence that comes with requests, as in "waits for …"; left out where nothing does. */
  holds?: string
  /** What the stage asks for besides the tests; left out where it asks for nothing. */
  requirements?: Requirement[]
  /** Left out where arms are compared, or there are no weeks to compare with. */
  beforeAfter?: BeforeAfterFigures
}

export type Judgement =
  /** Too little to judge by; `test`: no test could show it to be healthy. */
  | { kind: 'collecting'; lacks: 'requests' | 'evidence' | 'test'; alert: string | null }
  /** Healthy, but younger than the stage's bake time. */
  | { kind: 'baking'; alert: string | null }
  /** The stage may advance. */
  | { kind: 'healthy' }
  /** No test can act: neither good nor bad is known of the canary. A last stage without a control may end. */
  | { kind: 'unjudged'; mayAdvance: boolean; alert: string | null }
  /** Canary and control are both bad: the rollout stands still and a person looks. */
  | { kind: 'shared-outage'; trigger: 'ceiling' | 'threshold' }
  /** Sample ratio mismatch: the arms' shares contradict the percentage, so no comparison holds. */
  | { kind: 'broken-split' }
  /** The canary turns too many visitors away: the rollout stands still and a person looks. */
  | { kind: 'client-errors' }
  /** Final for the generation. */
  | { kind: 'failing'; action: 'rollback' | 'freeze'; trigger: Trigger }

/** A verdict as the admin API reports it. */
export type VerdictReport = {
  kind: 'healthy' | 'failing' | 'inconclusive' | 'no-data' | 'broken-split' | 'unjudged'
  action: 'none' | 'rollback' | 'freeze'
  /** What made `action` other than `none`. */
  trigger: Trigger | null
  mayAdvance: boolean
  sentence: string
  /** Set when a person should look although nothing was done. */
  alert: string | null
  evidence: Evidence
  requirements?: Requirement[]
  beforeAfter?: BeforeAfterFigures
}

/** One word on a flag: whether it is well, and whether it needs you. The page and the terminal say the same. */
import { type FlagFacts, type StateName, stateOf, type Tone } from './flag-state.ts'

export const VERDICT_WORDS = [
  'OK',
  'By time',
  'Not judged',
  'Off',
  'Collecting',
  'Worse',
  'Needs you',
  'Rolled back',
] as const
export type VerdictWord = (typeof VERDICT_WORDS)[number]

export type FlagVerdict = { word: VerdictWord; tone: Tone; needsAttention: boolean }

const VERDICTS: Readonly<Record<VerdictWord, Omit<FlagVerdict, 'word'>>> = {
  OK: { tone: 'good', needsAttention: false },
  'By time': { tone: 'accent', needsAttention: false },
  'Not judged': { tone: 'neutral', needsAttention: false },
  Off: { tone: 'neutral', needsAttention: false },
  Collecting: { tone: 'accent', needsAttention: false },
  Worse: { tone: 'bad', needsAttention: true },
  'Needs you': { tone: 'warn', needsAttention: true },
  'Rolled back': { tone: 'bad', needsAttention: true },
}

/**
 * The verdict on a flag at `nowMs` (ms since 1970).
 *
 * - `Rolled back`: by the guard or an operator; it stays so until `resume`.
 * - `Worse`: the guard finds the canary worse, and may not roll back itself.
 * - `Needs you`: nothing goes on without an operator: killed, frozen, waiting for approval, at a manual stage, stuck.
 * - `Collecting`: the guard has no proof yet, in either direction.
 * - `By time`: nothing speaks against the canary, and its stages advance by time: no test shows it to be not worse.
 * - `Not judged`: no test of the guard can act, as after a rollout, where every visitor has the canary and no limit is set.
 * - `OK`: not worse; or on, without a guard.
 * - `Off`: no visitor gets it: off, disabled, or not yet begun. What serves no visitor is not praised.
 */
export function verdictOf(flag: FlagFacts, nowMs: number): FlagVerdict {
  const state = stateOf(flag, nowMs)
  const word = wordOf(state.name, flag)
  return { word, ...VERDICTS[word] }
}

function wordOf(state: StateName, { verdict, needsOperator, stages, byTime }: FlagFacts): VerdictWord {
  const guarded = verdict === 'healthy' ? (byTime ? 'By time' : 'OK') : 'Collecting'
  const judged = verdict === 'unjudged' ? 'Not judged' : guarded
  switch (state) {
    case 'rolled-back':
      return 'Rolled back'
    case 'failing':
    case 'frozen':
      return verdict === 'failing' ? 'Worse' : 'Needs you'
    case 'killed':
    case 'approval':
      return 'Needs you'
    case 'climbing':
      if (needsOperator) return 'Needs you'
      return judged
    case 'paused':
      return judged
    case 'partial':
      return verdict === null ? 'OK' : judged
    case 'on':
      if (verdict === 'unjudged') return judged
      // On for all and without a split, it is compared with the weeks before.
      return stages === 0 && verdict === 'inconclusive' ? 'Collecting' : 'OK'
    case 'off':
    case 'disabled':
    case 'scheduled':
      return 'Off'
  }
}

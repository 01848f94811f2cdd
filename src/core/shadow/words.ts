/** What is known of a shadow stage, in one sentence. */
import { percentText, plural } from '../figures.ts'
import type { ShadowSettings, ShadowState } from './evidence.ts'
import { EVERY_ROUTE, type Finding, type ShadowVerdict } from './verdict.ts'
import { isOfFew } from './without-two.ts'

export function shadowSentence(
  verdict: ShadowVerdict,
  state: ShadowState,
  { delta, beta }: ShadowSettings,
): string {
  const compared = `${plural(state.samples, 'compared request')}${ofFewText(state)}`
  if (verdict.kind === 'different') {
    const [first, ...others] = verdict.findings
    const more = others.length === 0 ? '' : `, and ${plural(others.length, 'other field')}`
    return first === undefined ? 'answers differ' : `answers differ: ${findingText(first)}${more}`
  }
  if (verdict.kind === 'same')
    return `${compared}: the canary's answers differ no more often than control's own, by up to ${percentText(100 * delta)}`
  if (verdict.waitsFor === 'networks')
    return `${compared}: what they show depends on one or two networks; waits for others`
  if (state.samples === 0) return 'no request was compared yet'
  // Without a difference the best bet grows by about 0.9 δ with each.
  const needed = Math.ceil(Math.log(5 / beta) / Math.log1p(0.9 * delta))
  const left = needed - state.samples
  return left > 0 ? `${compared}, about ${left} more to go` : `${compared}, not enough to tell`
}

/** One or two networks can't be confirmed by others: then they decide, and it is said. */
function ofFewText({ samples, byGroup = {} }: ShadowState): string {
  const tallies = Object.values(byGroup)
  const known = tallies.reduce((sum, tally) => sum + tally.samples, 0)
  if (known === 0 || known < samples || !isOfFew(byGroup)) return ''
  return tallies.length === 1 ? ' of one network' : ' of two networks'
}

/** What a route's `shadow.ignore` says of a field that must not count. */
export function ignoreText({ route, field }: Pick<Finding, 'route' | 'field'>): string {
  return route === EVERY_ROUTE ? field : `${route} ${field}`
}

/** `GET /api/x $.price in 12 of 40 requests (control with itself: 0)`. */
export function findingText(finding: Finding): string {
  const { canaryOnly, controlOnly, both, samples } = finding
  return `${ignoreText(finding)} in ${canaryOnly + both} of ${plural(samples, 'request')} (control with itself: ${controlOnly + both})`
}

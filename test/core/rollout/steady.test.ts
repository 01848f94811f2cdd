import { describe, expect, it } from 'vitest'
import { type Steady, steadyVerdict, type Told } from '../../../src/core/rollout/steady.ts'

const told = (kind: Told['kind'], more: Partial<Told> = {}): Told => ({
  ...{ kind, action: 'none', place: '1 0', needsOperator: false },
  ...more,
})
const OK = told('healthy')
const COLLECTING = told('inconclusive')
const ALARM = told('inconclusive', { action: 'freeze', needsOperator: true })

/** What is told, look after look, as [seconds, verdict]. */
function story(...looks: [number, Told][]): string[] {
  let steady: Steady | undefined
  return looks.map(([second, now]) => {
    steady = steadyVerdict(steady, now, second * 1000)
    return `${steady.kind}${steady.action === 'none' ? '' : ` ${steady.action}`}${steady.needsOperator ? '!' : ''}`
  })
}

describe('what is told', () => {
  it('gets worse at once, and better after ten seconds', () => {
    expect(story([0, OK], [1, COLLECTING], [2, OK], [10.9, OK], [11, OK])).toEqual([
      ...['healthy', 'inconclusive', 'inconclusive', 'inconclusive', 'healthy'],
    ])
    expect(story([0, COLLECTING], [1, ALARM], [2, told('broken-split')], [3, told('failing')])).toEqual([
      ...['inconclusive', 'inconclusive freeze!', 'broken-split', 'failing'],
    ])
  })

  it('does not change while the verdict comes and goes', () => {
    const looks = Array.from({ length: 120 }, (_, k): [number, Told] => [k, k % 2 === 0 ? ALARM : OK])
    const said = story(...looks)
    expect(said.filter((each, k) => k > 0 && each !== said[k - 1])).toEqual([])
  })

  it('stands for ten seconds since it was last as bad, whatever it is called', () => {
    expect(story([0, COLLECTING], [9, told('no-data')], [18, OK], [19, OK])).toEqual([
      ...['inconclusive', 'no-data', 'no-data', 'healthy'],
    ])
    expect(story([0, ALARM], [5, COLLECTING], [10, COLLECTING])).toEqual([
      ...['inconclusive freeze!', 'inconclusive freeze!', 'inconclusive'],
    ])
  })

  it('is new with a stage or an attempt', () => {
    const next = told('healthy', { place: '1 1' })
    expect(story([0, ALARM], [1, next])).toEqual(['inconclusive freeze!', 'healthy'])
  })

  it('asks an operator no longer than something is to be done', () => {
    expect(story([0, told('healthy', { needsOperator: true })], [1, OK])).toEqual(['healthy!', 'healthy'])
  })
})

import type { Judgement, Verdict, VerdictReport } from '../evidence/types.ts'

/** A verdict in the shape that the Controller reports and the admin API answers with. */
export function reportOf({
  sentence,
  evidence,
  requirements,
  beforeAfter,
  holds: _,
  ...judgement
}: Verdict): VerdictReport {
  return {
    ...WAITING,
    ...reportedParts(judgement, sentence),
    sentence,
    evidence,
    ...(requirements && { requirements }),
    ...(beforeAfter && { beforeAfter }),
  }
}

const WAITING = { action: 'none', trigger: null, mayAdvance: false, alert: null } as const

type Parts = Pick<VerdictReport, 'kind'> & Partial<VerdictReport>

function reportedParts(judgement: Judgement, sentence: string): Parts {
  switch (judgement.kind) {
    case 'collecting':
      return { kind: judgement.lacks === 'requests' ? 'no-data' : 'inconclusive', alert: judgement.alert }
    case 'baking':
      return { kind: 'healthy', alert: judgement.alert }
    case 'healthy':
      return { kind: 'healthy', mayAdvance: true }
    case 'shared-outage':
      return { kind: 'inconclusive', action: 'freeze', trigger: judgement.trigger, alert: sentence }
    case 'client-errors':
      return { kind: 'inconclusive', action: 'freeze', trigger: 'client-errors', alert: sentence }
    case 'broken-split':
      return { kind: 'broken-split', action: 'freeze', trigger: 'split', alert: sentence }
    case 'unjudged':
    case 'failing':
      return judgement
  }
}

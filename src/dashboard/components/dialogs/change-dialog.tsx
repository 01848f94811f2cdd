/** Asks before a change: what it means, whom it moves, and why it is made. */
import { useEffect, useState } from 'preact/hooks'
import type { AdminClient } from '../../../contract/client.ts'
import type { PeopleMoved } from '../../../contract/responses.ts'
import type { Plan, Trial } from '../../actions/change-plans.ts'
import { makeChange } from '../../actions/make-change.ts'
import { useSession } from '../../state/session-context.ts'
import { People } from '../impact.tsx'
import { ReasonField } from '../reason-field.tsx'
import { Dialog } from './dialog.tsx'

type ChangeDialogProps = { plan: Plan; onClose: () => void; onDone: () => void }

export function ChangeDialog({ plan, onClose, onDone }: ChangeDialogProps) {
  const { client } = useSession()
  const [reason, setReason] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const people = useTrial(client, plan)
  const submit = async (event: Event) => {
    event.preventDefault()
    setIsBusy(true)
    const done = await makeChange(client, plan.change, reason)
    setIsBusy(false)
    onClose()
    if (done) onDone()
  }
  return (
    <Dialog title={plan.title} onClose={onClose}>
      <form onSubmit={submit} class="stack">
        <p>{plan.effect}</p>
        {plan.trial && <Trying people={people} flag={plan.change.flag} />}
        <ReasonField value={reason} onChange={setReason} />
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            data-answer
            disabled={isBusy}
            class={plan.tone === 'danger' ? 'danger solid' : 'primary'}
          >
            {plan.label}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

type TryingProps = { people: PeopleMoved | 'unknown' | undefined; flag: string }

function Trying({ people, flag }: TryingProps) {
  if (people === undefined) return <p class="people muted">Trying it on recent visitors…</p>
  if (people === 'unknown') return <p class="hint">It could not be tried on recent visitors.</p>
  return <People people={people} flag={flag} />
}

/** Tries the change on recent visitors; undefined while it is not known. */
function useTrial(client: AdminClient, { change, trial }: Plan): PeopleMoved | 'unknown' | undefined {
  const [people, setPeople] = useState<PeopleMoved | 'unknown'>()
  useEffect(() => {
    if (trial === undefined) return
    const stop = new AbortController()
    tryOut(client, change.flag, trial, stop.signal).then(
      (found) => !stop.signal.aborted && setPeople(found ?? 'unknown'),
      () => !stop.signal.aborted && setPeople('unknown'),
    )
    return () => stop.abort()
  }, [client, change.flag, trial])
  return people
}

async function tryOut(client: AdminClient, flag: string, trial: Trial, signal: AbortSignal) {
  const { document } = await client.call('getDocument', {}, signal)
  const flags = document.flags as Record<string, FlagDefinition>
  const definition = flags[flag]
  if (definition === undefined) return undefined
  const changed = { ...document, flags: { ...flags, [flag]: withTrial(definition, trial) } }
  const { valid, people } = await client.call('diffDocument', { body: { document: changed } }, signal)
  return valid ? people : undefined
}

type FlagDefinition = { rules?: { percentage?: number; stages?: unknown[] }[]; rollout?: unknown }

/** The flag as it would decide after the change. */
function withTrial(definition: FlagDefinition, trial: Trial): FlagDefinition & { enabled?: boolean } {
  if (trial.kind === 'disable') return { ...definition, enabled: false }
  const { rules = [] } = definition
  const at = trial.rule ?? rules.findIndex((rule) => rule.stages !== undefined)
  return {
    ...definition,
    rules: rules.map(({ stages, ...rule }, index) => {
      if (index === at) return { ...rule, percentage: trial.percentage }
      return stages === undefined ? rule : { ...rule, stages }
    }),
  }
}

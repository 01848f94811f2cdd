/** Asks before a change: what it does, its impact, and why it is made. */
import { useMemo, useState } from 'preact/hooks'
import type { JsonObject } from '../../../core/json-object.ts'
import type { Plan, Trial } from '../../actions/change-plans.ts'
import { makeChange } from '../../actions/make-change.ts'
import { useSession } from '../../state/session.ts'
import { ReasonField } from '../fields.tsx'
import { ImpactNotice, useImpact } from '../impact.tsx'
import { FormDialog } from './dialog.tsx'

type ChangeDialogProps = { plan: Plan; onClose: () => void; onDone: () => void }

export function ChangeDialog({
  plan: { title, label, tone, effect, change, trial },
  ...props
}: ChangeDialogProps) {
  const { client } = useSession()
  const [reason, setReason] = useState('')
  const { flag } = change
  const asDocument = useMemo(
    () => trial && ((document: JsonObject) => withTrial(document, flag, trial)),
    [flag, trial],
  )
  const impact = useImpact(asDocument)
  const submit = async (confirm: boolean) => {
    if (await makeChange(client, change, { reason, confirm })) props.onDone()
  }
  return (
    <FormDialog
      title={title ?? `${label} ${flag}?`}
      action={label}
      isDangerous={tone === 'danger'}
      onClose={props.onClose}
      onSubmit={submit}
    >
      <p>{effect}</p>
      {trial && <ImpactNotice impact={impact} flag={flag} />}
      <ReasonField value={reason} onChange={setReason} />
    </FormDialog>
  )
}

type Definition = { rules?: { percentage?: number; stages?: unknown[] }[] }

/** The document in which the flag decides as it would after the change; undefined where it has no such flag. */
function withTrial(document: JsonObject, flag: string, trial: Trial): JsonObject | undefined {
  const flags = document.flags as Record<string, Definition>
  const definition = flags[flag]
  if (definition === undefined) return undefined
  return { ...document, flags: { ...flags, [flag]: tried(definition, trial) } }
}

function tried(definition: Definition, trial: Trial): Definition & { enabled?: boolean } {
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

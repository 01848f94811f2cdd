/** Kills all flags at once, or lifts that kill, after confirmation. */
import { useState } from 'preact/hooks'
import { plural } from '../../../core/figures.ts'
import type { JsonObject } from '../../../core/json-object.ts'
import type { Change } from '../../actions/change.ts'
import { makeChange } from '../../actions/make-change.ts'
import { FormDialog } from '../../components/dialogs/dialog.tsx'
import { Field, ReasonField } from '../../components/fields.tsx'
import { ImpactNotice, useImpact } from '../../components/impact.tsx'
import { useKills } from '../../state/live.ts'
import { useMayActAs, useSession } from '../../state/session.ts'

const CONFIRMATION = 'kill all'

const LIFT: Change = { kind: 'command', flag: 'all', verb: 'unkill', done: 'The kill of all flags is lifted' }
const KILL: Change = { kind: 'command', flag: 'all', verb: 'kill', done: 'All flags are killed', undo: LIFT }

type KillAllProps = { openFlags: number; onChanged: () => void }

export function KillAll({ openFlags, onChanged }: KillAllProps) {
  const maySteer = useMayActAs('operator')
  const [asked, setAsked] = useState<'kill' | 'lift'>()
  const isKilled = useKills().all
  if (!maySteer) return null
  const close = () => setAsked(undefined)
  return (
    <>
      <button
        type="button"
        class={isKilled ? 'danger solid' : 'danger'}
        onClick={() => setAsked(isKilled ? 'lift' : 'kill')}
      >
        {isKilled ? 'Lift kill of all flags…' : 'Kill all…'}
      </button>
      {asked === 'kill' && <KillDialog openFlags={openFlags} onClose={close} onDone={onChanged} />}
      {asked === 'lift' && <LiftDialog onClose={close} onDone={onChanged} />}
    </>
  )
}

type DialogProps = { onClose: () => void; onDone: () => void }

/** A document in which every flag is disabled decides as a kill of all flags does. */
function allDisabled(document: JsonObject): JsonObject {
  const flags = Object.entries(document.flags as Record<string, object>)
  return {
    ...document,
    flags: Object.fromEntries(flags.map(([key, flag]) => [key, { ...flag, enabled: false }])),
  }
}

function KillDialog({ openFlags, onClose, onDone }: DialogProps & { openFlags: number }) {
  const { client } = useSession()
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const impact = useImpact(allDisabled)
  const label = (
    <>
      Type <code>{CONFIRMATION}</code> to confirm
    </>
  )
  return (
    <FormDialog
      title="Kill all flags?"
      action="Kill all flags"
      isDangerous
      isReady={typed.trim().toLowerCase() === CONFIRMATION}
      isAnswerFocused={false}
      onClose={onClose}
      onSubmit={async () => void ((await makeChange(client, KILL, { reason, confirm: false })) && onDone())}
    >
      <p>
        Every flag serves its off variant to all visitors at once; {plural(openFlags, 'flag is', 'flags are')}{' '}
        open now. They stay closed until the kill is lifted.
      </p>
      <ImpactNotice impact={impact} />
      <Field label={label}>
        <input
          value={typed}
          autocomplete="off"
          spellcheck={false}
          data-answer
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </Field>
      <ReasonField value={reason} onChange={setReason} />
    </FormDialog>
  )
}

function LiftDialog({ onClose, onDone }: DialogProps) {
  const { client } = useSession()
  const [reason, setReason] = useState('')
  return (
    <FormDialog
      title="Lift the kill of all flags?"
      action="Lift kill"
      onClose={onClose}
      onSubmit={async () => void ((await makeChange(client, LIFT, { reason, confirm: false })) && onDone())}
    >
      <p>
        Every flag continues where it was, with its rules, its stage and its rollback. Flags that were killed
        one by one stay killed.
      </p>
      <ReasonField value={reason} onChange={setReason} />
    </FormDialog>
  )
}

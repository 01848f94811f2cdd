/** Closing every flag at once, and opening them again: nothing that a stray click could do. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { type Change, makeChange } from '../../actions/make-change.ts'
import { Dialog } from '../../components/dialogs/dialog.tsx'
import { ReasonField } from '../../components/reason-field.tsx'
import { plural } from '../../state/format.ts'
import { useKills } from '../../state/live.ts'
import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { EverybodyMoved } from './everybody-moved.tsx'

const WORDS = 'kill all'

const LIFT: Change = { kind: 'command', flag: 'all', verb: 'unkill', done: 'The kill of all flags is lifted' }
const KILL: Change = { kind: 'command', flag: 'all', verb: 'kill', done: 'All flags are killed', undo: LIFT }

type KillAllProps = { openFlags: number; onChanged: () => void }

export function KillAll({ openFlags, onChanged }: KillAllProps) {
  const { person } = useSession()
  const [asked, setAsked] = useState<'kill' | 'lift'>()
  const isKilled = useKills().all
  if (!mayActAs(person, 'operator')) return null
  const close = () => setAsked(undefined)
  return (
    <>
      <button
        type="button"
        class={isKilled ? 'danger solid' : 'danger'}
        onClick={() => setAsked(isKilled ? 'lift' : 'kill')}
      >
        {isKilled ? 'Everything is killed: lift…' : 'Kill all…'}
      </button>
      {asked === 'kill' && <AskKill openFlags={openFlags} onClose={close} onDone={onChanged} />}
      {asked === 'lift' && <AskLift onClose={close} onDone={onChanged} />}
    </>
  )
}

type AskProps = { onClose: () => void; onDone: () => void }

function AskKill({ openFlags, onClose, onDone }: AskProps & { openFlags: number }) {
  const [typed, setTyped] = useState('')
  const isMeant = typed.trim().toLowerCase() === WORDS
  return (
    <Ask
      title="Kill all flags?"
      label="Kill all flags"
      change={KILL}
      isMeant={isMeant}
      {...{ onClose, onDone }}
    >
      <p>
        Every flag serves its off variant at once, to everybody: {plural(openFlags, 'flag is', 'flags are')}{' '}
        open now. Nothing but lifting the kill opens them again.
      </p>
      <EverybodyMoved />
      <label class="field">
        <span>
          Type <code>{WORDS}</code> to mean it
        </span>
        <input
          value={typed}
          autocomplete="off"
          spellcheck={false}
          data-answer
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
    </Ask>
  )
}

function AskLift(props: AskProps) {
  return (
    <Ask title="Lift the kill of all flags?" label="Lift the kill" change={LIFT} isMeant {...props}>
      <p>
        Every flag goes on where it was: visitors get what its rules, its stage and its rollback say. Flags
        that were killed one by one stay killed.
      </p>
    </Ask>
  )
}

type FormProps = AskProps & {
  title: string
  label: string
  change: Change
  isMeant: boolean
  children: ComponentChildren
}

function Ask({ title, label, change, isMeant, onClose, onDone, children }: FormProps) {
  const { client } = useSession()
  const [reason, setReason] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!isMeant) return
    onClose()
    if (await makeChange(client, change, reason)) onDone()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {children}
        <ReasonField value={reason} onChange={setReason} />
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={change === KILL ? 'danger solid' : 'primary'} disabled={!isMeant}>
            {label}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

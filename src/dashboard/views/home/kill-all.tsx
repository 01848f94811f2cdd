/** Closing every flag at once: nothing that a stray click could do. */
import { useState } from 'preact/hooks'
import { useSession } from '../../context.ts'
import { live } from '../../live.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { ReasonField } from '../../parts/reason-field.tsx'
import { mayActAs } from '../../session.ts'
import { makeChange } from '../../steer.ts'
import { useStore } from '../../store.ts'

const WORDS = 'kill all'

export function KillAll({ openFlags, onChanged }: { openFlags: number; onChanged: () => void }) {
  const { client, person } = useSession()
  const [isAsking, setIsAsking] = useState(false)
  const isKilled = useStore(live).status?.kill.controller.includes('*') ?? false
  if (!mayActAs(person, 'operator')) return null
  if (!isKilled) {
    return (
      <>
        <button type="button" class="danger" onClick={() => setIsAsking(true)}>
          Kill all…
        </button>
        {isAsking && <Ask openFlags={openFlags} onClose={() => setIsAsking(false)} onDone={onChanged} />}
      </>
    )
  }
  const lift = async () => {
    await makeChange(client, LIFT, '')
    onChanged()
  }
  return (
    <button type="button" class="danger solid" onClick={lift}>
      Everything is killed: lift
    </button>
  )
}

const LIFT = {
  kind: 'command',
  flag: 'all',
  verb: 'unkill',
  done: 'The kill of all flags is lifted',
} as const
const KILL = { kind: 'command', flag: 'all', verb: 'kill', done: 'All flags are killed', undo: LIFT } as const

type AskProps = { openFlags: number; onClose: () => void; onDone: () => void }

function Ask({ openFlags, onClose, onDone }: AskProps) {
  const { client } = useSession()
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const isMeant = typed.trim().toLowerCase() === WORDS
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!isMeant) return
    onClose()
    if (await makeChange(client, KILL, reason)) onDone()
  }
  return (
    <Dialog title="Kill all flags?" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>
          Every flag serves its off variant at once, to everybody: {openFlags}{' '}
          {openFlags === 1 ? 'flag is' : 'flags are'} open now. Nothing but lifting the kill opens them again.
        </p>
        <label class="field">
          <span>
            Type <code>{WORDS}</code> to mean it
          </span>
          <input
            value={typed}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <ReasonField value={reason} onChange={setReason} />
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger solid" disabled={!isMeant}>
            Kill all flags
          </button>
        </div>
      </form>
    </Dialog>
  )
}

import { useCallback, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { ROLES, type Role } from '../../../contract/routes.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Dialog } from '../../components/dialogs/dialog.tsx'
import { Ago } from '../../components/time.tsx'
import { tell } from '../../components/toasts.tsx'
import { textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { usePolled } from '../../state/use-polled.ts'

type Token = Responses['listTokens']['tokens'][number]

const REFRESH_MS = 30_000
const DAYS = [7, 30, 90, 365] as const
const MAY: Readonly<Record<Role, string>> = {
  viewer: 'looks',
  operator: 'steers rollouts',
  admin: 'changes everything',
}

/** Tokens of the admin API. The text of one is shown once, when it is made. */
export function Tokens() {
  const { client } = useSession()
  const ask = useCallback((signal: AbortSignal) => client.call('listTokens', {}, signal), [client])
  const { value, problem, refresh } = usePolled(ask, REFRESH_MS)
  const [made, setMade] = useState<Responses['createToken']>()
  const [revoking, setRevoking] = useState<Token>()
  return (
    <section class="card" aria-label="Tokens">
      <header class="card-head">
        <h2>Tokens</h2>
        <span class="hint">ADMIN_TOKEN is not among them; it works whatever else is broken</span>
      </header>
      <NewToken
        onMade={(token) => {
          setMade(token)
          refresh()
        }}
      />
      {made && (
        <p class="notice made" role="status">
          <span>
            The token of {made.name}, shown this once: <code>{made.token}</code>
          </span>
          <CopyButton text={made.token} />
        </p>
      )}
      {problem && <p class="problem">{problem}</p>}
      {value && value.tokens.length > 0 && <List tokens={value.tokens} onRevoke={setRevoking} />}
      {revoking && (
        <Revoke
          token={revoking}
          onClose={() => {
            setRevoking(undefined)
            refresh()
          }}
        />
      )}
    </section>
  )
}

function NewToken({ onMade }: { onMade: (token: Responses['createToken']) => void }) {
  const { client } = useSession()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [days, setDays] = useState<number | undefined>(90)
  const [problem, setProblem] = useState<string>()
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { name, role, ...(days !== undefined && { expiresInDays: days }) }
      onMade(await client.call('createToken', { body }))
      setName('')
      setProblem(undefined)
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <form class="token-form" onSubmit={submit} aria-label="New token">
      <label class="field">
        <span>For whom</span>
        <input
          required
          maxLength={100}
          value={name}
          placeholder="deploy pipeline"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Role</span>
        <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {`${each}: ${MAY[each]}`}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Lasts</span>
        <select
          value={days ?? ''}
          onChange={(event) =>
            setDays(event.currentTarget.value === '' ? undefined : Number(event.currentTarget.value))
          }
        >
          {DAYS.map((each) => (
            <option key={each} value={each}>
              {each} days
            </option>
          ))}
          <option value="">until revoked</option>
        </select>
      </label>
      <button type="submit" class="primary">
        Make token
      </button>
      <p class="problem" role="alert">
        {problem}
      </p>
    </form>
  )
}

function List({ tokens, onRevoke }: { tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  return (
    <div class="table-scroll">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">For whom</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">
              <span class="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <th scope="row">{token.name}</th>
              <td>{token.role}</td>
              <td>
                <Ago at={token.createdAt} /> by {token.createdBy}
              </td>
              <td>{token.lastUsedAt === null ? 'never' : <Ago at={token.lastUsedAt} />}</td>
              <td>
                {token.expiresAt === null ? 'when revoked' : new Date(token.expiresAt).toLocaleDateString()}
              </td>
              <td>
                <button
                  type="button"
                  class="small danger"
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => onRevoke(token)}
                >
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const { client } = useSession()
  const revoke = async (event: Event) => {
    event.preventDefault()
    try {
      await client.call('revokeToken', { params: { id: token.id } })
      tell(`The token of ${token.name} is revoked; it stops working within 15 s`)
    } catch (error) {
      tell(textOf(error), 'problem')
    }
    onClose()
  }
  return (
    <Dialog title={`Revoke the token of ${token.name}?`} onClose={onClose}>
      <form class="stack" onSubmit={revoke}>
        <p>Whoever uses it is refused from then on. It cannot be brought back.</p>
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger solid" data-answer>
            Revoke
          </button>
        </div>
      </form>
    </Dialog>
  )
}

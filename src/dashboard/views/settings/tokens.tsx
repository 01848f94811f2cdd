import { useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { TOKEN_ROLES, type TokenRole } from '../../../contract/routes.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { FormDialog } from '../../components/dialogs/dialog.tsx'
import { type Choice, Field, Select } from '../../components/fields.tsx'
import { Card, ProblemText, Table } from '../../components/layout.tsx'
import { Ago } from '../../components/time.tsx'
import { showToast } from '../../components/toasts.tsx'
import { textOf, useSession } from '../../state/session.ts'
import { usePolled } from '../../state/use-polled.ts'

type Token = Responses['listTokens']['tokens'][number]

const REFRESH_MS = 30_000
const UNLIMITED = ''
const LIFETIMES: readonly Choice[] = [
  ...['7', '30', '90', '365'].map((days): Choice => [days, `${days} days`]),
  [UNLIMITED, 'until revoked'],
]
const MAY: Readonly<Record<TokenRole, string>> = {
  viewer: 'Viewer: read only',
  operator: 'Operator: control rollouts',
  admin: 'Admin: full access',
  reporter: 'Reporter: an app that reports for its visitors',
}
const COLUMNS = [
  'Name',
  'Role',
  'Created',
  'Last used',
  'Expires',
  <span class="visually-hidden">Revoke</span>,
]

/** Tokens of the admin API. The token itself is shown once, when it is created. */
export function Tokens() {
  const { value, problem, refresh } = usePolled('listTokens', {}, REFRESH_MS)
  const [created, setCreated] = useState<Responses['createToken']>()
  const [revoking, setRevoking] = useState<Token>()
  return (
    <Card title="Tokens" hint="ADMIN_TOKEN is not listed; it always works">
      <NewToken
        onCreated={(token) => {
          setCreated(token)
          refresh()
        }}
      />
      {created && (
        <p class="notice made" role="status">
          <span>
            The token of {created.name}, shown only once: <code>{created.token}</code>
          </span>
          <CopyButton text={created.token} />
        </p>
      )}
      {problem && <p class="problem">{problem}</p>}
      {value && value.tokens.length > 0 && (
        <Table columns={COLUMNS}>
          {value.tokens.map((token) => (
            <Row key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </Table>
      )}
      {revoking && (
        <Revoke
          token={revoking}
          onClose={() => {
            setRevoking(undefined)
            refresh()
          }}
        />
      )}
    </Card>
  )
}

function NewToken({ onCreated }: { onCreated: (token: Responses['createToken']) => void }) {
  const { client } = useSession()
  const [name, setName] = useState('')
  const [role, setRole] = useState<TokenRole>('viewer')
  const [days, setDays] = useState('90')
  const [problem, setProblem] = useState<string>()
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { name, role, ...(days !== UNLIMITED && { expiresInDays: Number(days) }) }
      onCreated(await client.call('createToken', { body }))
      setName('')
      setProblem(undefined)
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <form class="token-form" onSubmit={submit} aria-label="New token">
      <Field label="Name">
        <input
          required
          maxLength={100}
          value={name}
          placeholder="deploy pipeline"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Field>
      <Field label="Role">
        <Select
          value={role}
          choices={TOKEN_ROLES.map((each): Choice => [each, MAY[each]])}
          onChoose={(next) => setRole(next as TokenRole)}
        />
      </Field>
      <Field label="Valid for">
        <Select value={days} choices={LIFETIMES} onChoose={setDays} />
      </Field>
      <button type="submit" class="primary">
        Create token
      </button>
      <ProblemText>{problem}</ProblemText>
    </form>
  )
}

function Row({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  return (
    <tr>
      <th scope="row">{token.name}</th>
      <td>{token.role}</td>
      <td>
        <Ago at={token.createdAt} /> by {token.createdBy}
      </td>
      <td>{token.lastUsedAt === null ? 'never' : <Ago at={token.lastUsedAt} />}</td>
      <td>{token.expiresAt === null ? 'when revoked' : token.expiresAt.slice(0, 10)}</td>
      <td>
        <button type="button" class="small danger" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
          Revoke
        </button>
      </td>
    </tr>
  )
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const { client } = useSession()
  const revoke = async () => {
    await client.call('revokeToken', { params: { id: token.id } })
    showToast(`The token of ${token.name} is revoked; it stops working within 15 s`)
  }
  return (
    <FormDialog
      title={`Revoke the token of ${token.name}?`}
      action="Revoke"
      isDangerous
      onClose={onClose}
      onSubmit={revoke}
    >
      <p>Every request with it is refused from then on. This cannot be undone.</p>
    </FormDialog>
  )
}

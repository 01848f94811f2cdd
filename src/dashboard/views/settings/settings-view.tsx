/** Who may call the admin API, and who is told of what happens. */

import { mayActAs } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'
import { Tokens } from './tokens.tsx'
import { Webhooks } from './webhooks.tsx'

export function SettingsView() {
  const { person } = useSession()
  return (
    <div class="stack-l settings">
      <header class="view-head">
        <div>
          <h1>Settings</h1>
          <p class="muted">
            Signed in as {person.name} with the role {person.role}, in {person.environment}.
          </p>
        </div>
      </header>
      {mayActAs(person, 'admin') ? (
        <>
          <Tokens />
          <Webhooks />
        </>
      ) : (
        <p class="empty card">Tokens and webhooks are for admins.</p>
      )}
    </div>
  )
}

/** Tokens of the admin API, and webhooks. */
import { ViewHead } from '../../components/layout.tsx'
import { useMayActAs, useSession } from '../../state/session.ts'
import { Tokens } from './tokens.tsx'
import { Webhooks } from './webhooks.tsx'

export function SettingsView() {
  const { name, role, environment } = useSession().user
  const mayManage = useMayActAs('admin')
  return (
    <div class="stack-l settings">
      <ViewHead title="Settings" about={`Signed in as ${name} with the role ${role}, in ${environment}.`} />
      {mayManage ? (
        <>
          <Tokens />
          <Webhooks />
        </>
      ) : (
        <p class="empty card">Only admins can manage tokens and webhooks.</p>
      )}
    </div>
  )
}

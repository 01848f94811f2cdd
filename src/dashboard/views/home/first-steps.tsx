import { Card } from '../../components/layout.tsx'
import { Link } from '../../state/router.tsx'
import { useMayActAs } from '../../state/session.ts'

/** What to do first on a gate without flags. */
export function FirstSteps() {
  const mayCreate = useMayActAs('admin')
  if (!mayCreate) {
    return <p class="empty card">There are no flags yet. An admin of this gate starts the first rollout.</p>
  }
  return (
    <Card title="Start your first rollout" class="first-steps">
      <ol>
        <li>
          <strong>Say what is new.</strong> The URL of the new origin, the paths that it serves, who gets it,
          and in which stages.
          <Link to="/new-rollout" class="button primary">
            Start a rollout
          </Link>
        </li>
        <li>
          <strong>Let visitors in.</strong> Requests to <code>{location.host}</code> go through this gate;
          within seconds their figures are here.
        </li>
        <li>
          <strong>Watch, or don’t.</strong> The guard compares both origins, raises the share stage by stage,
          and rolls back by itself. <Link to="/document">Add a webhook</Link> to hear of it.
        </li>
      </ol>
    </Card>
  )
}

/** Which view an address shows. */
import type { VNode } from 'preact'
import { lazy } from '../components/loading/lazy.tsx'
import { Link, match } from '../state/router.tsx'
import { ActivityView } from '../views/activity/activity-view.tsx'
import { ColosView } from '../views/colos/colos-view.tsx'
import { FlagView } from '../views/flag/flag-view.tsx'
import { HistoryView } from '../views/history/history-view.tsx'
import { Home } from '../views/home/home.tsx'
import { SettingsView } from '../views/settings/settings-view.tsx'
import { StaleView } from '../views/stale/stale-view.tsx'
import { TryView } from '../views/try/try-view.tsx'

/** `views` are the addresses at whose views the tab is lit. */
export const TABS: readonly { to: string; label: string; views: readonly string[] }[] = [
  { to: '/', label: 'Flags', views: ['/', '/flags', '/new'] },
  { to: '/activity', label: 'Activity', views: ['/activity'] },
  { to: '/try', label: 'Try', views: ['/try'] },
  { to: '/document', label: 'Document', views: ['/document'] },
  { to: '/history', label: 'History', views: ['/history'] },
  { to: '/stale', label: 'Stale', views: ['/stale'] },
  { to: '/colos', label: 'Colos', views: ['/colos'] },
  { to: '/settings', label: 'Settings', views: ['/settings'] },
]

/** With the gate's whole schema, for checking while somebody types. */
const EditView = lazy(async () => (await import('../views/edit/edit-view.tsx')).EditView)
const DocumentEditor = lazy(async () => (await import('../views/document/document-view.tsx')).DocumentEditor)

type View = (parts: Record<string, string>) => VNode

const VIEWS: readonly (readonly [pattern: string, view: View])[] = [
  ['/', () => <Home />],
  ['/flags/:flag', ({ flag = '' }) => <FlagView key={flag} flag={flag} />],
  ['/flags/:flag/edit', ({ flag }) => <EditView key={flag} flag={flag} />],
  ['/new', () => <EditView key="" flag={undefined} />],
  ['/document', () => <DocumentEditor />],
  ['/settings', () => <SettingsView />],
  ['/activity', () => <ActivityView />],
  ['/try', () => <TryView flag={undefined} />],
  ['/try/:flag', ({ flag }) => <TryView key={flag} flag={flag} />],
  ['/history', () => <HistoryView />],
  ['/stale', () => <StaleView />],
  ['/colos', () => <ColosView />],
]

export function viewAt(at: string): VNode {
  for (const [pattern, view] of VIEWS) {
    const parts = match(pattern, at)
    if (parts) return view(parts)
  }
  return (
    <div class="empty stack">
      <h1>There is no such view.</h1>
      <p>
        <Link to="/">All flags</Link>
      </p>
    </div>
  )
}

/** The flag that a view is about. */
export function flagOf(at: string): string | undefined {
  return match('/flags/:flag', at.split('/').slice(0, 3).join('/'))?.flag
}

/** The view of each address. */
import type { VNode } from 'preact'
import { lazy } from '../components/loading.tsx'
import { Link, match } from '../state/router.tsx'
import { ActivityView } from '../views/activity/activity-view.tsx'
import { CleanupView } from '../views/cleanup/cleanup-view.tsx'
import { FlagView } from '../views/flag/flag-view.tsx'
import { HistoryView } from '../views/history/history-view.tsx'
import { Home } from '../views/home/home.tsx'
import { LocationsView } from '../views/locations/locations-view.tsx'
import { SettingsView } from '../views/settings/settings-view.tsx'
import { TryView } from '../views/try/try-view.tsx'

/** `views` are the addresses whose views belong to the tab. */
export const TABS: readonly { to: string; label: string; views: readonly string[] }[] = [
  { to: '/', label: 'Flags', views: ['/', '/flags', '/new', '/new-rollout'] },
  { to: '/activity', label: 'Activity', views: ['/activity'] },
  { to: '/try', label: 'Try', views: ['/try'] },
  { to: '/document', label: 'Document', views: ['/document'] },
  { to: '/history', label: 'History', views: ['/history'] },
  { to: '/cleanup', label: 'Cleanup', views: ['/cleanup', '/stale'] },
  { to: '/locations', label: 'Locations', views: ['/locations', '/colos'] },
  { to: '/settings', label: 'Settings', views: ['/settings'] },
]

/** They carry the gate's whole schema, to validate while the user types. */
const EditView = lazy(async () => (await import('../views/edit/edit-view.tsx')).EditView)
const RolloutView = lazy(async () => (await import('../views/rollout/rollout-view.tsx')).RolloutView)
const DocumentEditor = lazy(async () => (await import('../views/document/document-view.tsx')).DocumentEditor)

type View = (parts: Record<string, string>) => VNode

const VIEWS: readonly (readonly [pattern: string, view: View])[] = [
  ['/', () => <Home />],
  ['/flags/:flag', ({ flag = '' }) => <FlagView key={flag} flag={flag} />],
  ['/flags/:flag/edit', ({ flag }) => <EditView key={flag} flag={flag} />],
  ['/new', () => <EditView key="" flag={undefined} />],
  ['/new-rollout', () => <RolloutView />],
  ['/document', () => <DocumentEditor />],
  ['/settings', () => <SettingsView />],
  ['/activity', () => <ActivityView />],
  ['/try', () => <TryView flag={undefined} />],
  ['/try/:flag', ({ flag }) => <TryView key={flag} flag={flag} />],
  ['/history', () => <HistoryView />],
  ['/cleanup', () => <CleanupView />],
  ['/locations', () => <LocationsView />],
  // Earlier addresses, which may be bookmarked.
  ['/stale', () => <CleanupView />],
  ['/colos', () => <LocationsView />],
]

export function viewAt(at: string): VNode {
  for (const [pattern, view] of VIEWS) {
    const parts = match(pattern, at)
    if (parts) return view(parts)
  }
  return (
    <div class="empty stack">
      <h1>Page not found</h1>
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

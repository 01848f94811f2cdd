/** The frame of every view: the environment, how fresh the data is, who is signed in, and the other views. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { plural } from '../../core/figures.ts'
import { Notices } from '../components/dialogs/notices.tsx'
import { IconButton } from '../components/icon.tsx'
import { Boundary, Freshness } from '../components/loading.tsx'
import { Logo } from '../components/logo.tsx'
import { Toasts } from '../components/toasts.tsx'
import { live, useLiveStatus } from '../state/live.ts'
import { Link, path, scrollToLastPlace } from '../state/router.tsx'
import { type Session, SessionContext, sessionState, signOut } from '../state/session.ts'
import { useStore } from '../state/store.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { usePageTitle } from '../state/title.ts'
import { Login } from './login.tsx'
import { SharedHostNotice } from './shared-host.tsx'
import { Tabs } from './tabs.tsx'
import { flagOf, TABS, viewAt } from './view-table.tsx'

export function App() {
  const state = useStore(sessionState)
  if (state.kind === 'asking') return null
  if (state.kind === 'out') return <Login problem={state.problem} isShared={state.isShared === true} />
  return (
    <SessionContext.Provider value={state.session}>
      <Frame session={state.session} />
      <Toasts />
    </SessionContext.Provider>
  )
}

function Frame({ session }: { session: Session }) {
  const { client, user } = session
  const at = useStore(path)
  useLiveStatus(client, flagOf(at))
  useSearchKey()
  useArrival(at)
  const tab = TABS.find(({ views }) => views.some((view) => at === view || at.startsWith(`${view}/`)))
  usePageTitle(flagOf(at) ?? tab?.label ?? 'Sluice')
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="top-row">
          <Link to="/" class="brand" aria-label="Sluice, all flags">
            <Logo />
            <span>Sluice</span>
          </Link>
          <span class={`environment ${user.environment}`}>{user.environment}</span>
          <Freshness />
          <span class="who">
            {user.name} {user.name !== user.role && <small>{user.role}</small>}
          </span>
          <ThemeButton />
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
        <Tabs current={tab?.to} />
      </header>
      <SharedHostNotice session={session} />
      <Notices />
      <main id="main" tabIndex={-1}>
        <Boundary key={at}>{viewAt(at)}</Boundary>
      </main>
      <footer class="foot">
        <Epoch />
      </footer>
    </>
  )
}

/** Shows another view where it was left, with the focus on it, as the browser does for another page. */
function useArrival(at: string): void {
  const last = useRef(at)
  useLayoutEffect(() => {
    if (last.current === at) return
    last.current = at
    scrollToLastPlace()
    document.getElementById('main')?.focus({ preventScroll: true })
  }, [at])
}

function Epoch() {
  const { status } = useStore(live)
  if (status === undefined) return null
  return (
    <span>
      Epoch {status.epoch} · document version {status.document.version} ·{' '}
      <Link to="/locations">
        {status.isolates === 0
          ? 'no traffic in the last minute'
          : `${plural(status.isolates, 'isolate')} in ${plural(status.colos.length, 'location')}`}
      </Link>
    </span>
  )
}

function ThemeButton() {
  const now = useStore(theme)
  return <IconButton icon="sun" label={`Change theme, now ${now}`} onClick={nextTheme} />
}

/** "/" puts the focus into the search field of the view. */
function useSearchKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event
      const isTyping =
        target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
      const search = document.getElementById('search')
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || search === null) return
      event.preventDefault()
      search.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

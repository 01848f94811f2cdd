/** The frame of every view: which gate, how fresh what is shown is, who is looking, and the way to the other views. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { Notices } from '../components/dialogs/notices.tsx'
import { Icon } from '../components/icon.tsx'
import { Boundary } from '../components/loading/boundary.tsx'
import { Freshness } from '../components/loading/freshness.tsx'
import { Mark } from '../components/mark.tsx'
import { Toasts } from '../components/toasts.tsx'
import { plural } from '../state/format.ts'
import { live, useLiveStatus } from '../state/live.ts'
import { Link, path, scrollToLastPlace } from '../state/router.tsx'
import { type Session, sessionState, signOut } from '../state/session.ts'
import { SessionContext } from '../state/session-context.ts'
import { useStore } from '../state/store.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { Login } from './login.tsx'
import { flagOf, TABS, viewAt } from './view-table.tsx'

export function App() {
  const state = useStore(sessionState)
  if (state.kind === 'asking') return null
  if (state.kind === 'out') return <Login problem={state.problem} />
  return (
    <SessionContext.Provider value={state.session}>
      <Frame session={state.session} />
      <Toasts />
    </SessionContext.Provider>
  )
}

function Frame({ session: { client, person } }: { session: Session }) {
  const at = useStore(path)
  useLiveStatus(client, flagOf(at))
  useSearchKey()
  useArrival(at)
  const tab = TABS.find(({ views }) => views.some((view) => at === view || at.startsWith(`${view}/`)))
  useEffect(() => {
    document.title = `${flagOf(at) ?? tab?.label ?? 'Sluice'} · Sluice`
    // On a narrow screen the tabs may be wider than it.
    document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [at])
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="top-row">
          <Link to="/" class="brand" aria-label="Sluice, all flags">
            <Mark />
            <span>Sluice</span>
          </Link>
          <span class={`environment ${person.environment}`}>{person.environment}</span>
          <Freshness />
          <span class="who">
            {person.name} {person.name !== person.role && <small>{person.role}</small>}
          </span>
          <ThemeButton />
          <button type="button" class="quiet" onClick={() => signOut()}>
            Sign out
          </button>
        </div>
        <nav aria-label="Views">
          {TABS.map(({ to, label }) => (
            <Link key={to} to={to} aria-current={tab?.to === to ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
      </header>
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

/** Another view begins where it was left, and with the focus on it, as another page would. */
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
      epoch {status.epoch} · document version {status.document.version} · {plural(status.isolates, 'isolate')}{' '}
      in {plural(status.colos.length, 'colo')}
    </span>
  )
}

function ThemeButton() {
  const now = useStore(theme)
  return (
    <button
      type="button"
      class="quiet icon-only"
      aria-label={`Colours: ${now}. Change`}
      title={`Colours: ${now}`}
      onClick={nextTheme}
    >
      <Icon name="sun" />
    </button>
  )
}

/** "/" leads to the search of the view, as everywhere. */
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

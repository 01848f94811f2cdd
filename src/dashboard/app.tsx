/** The frame of every view: who is looking at which gate, and the way to the other views. */
import { SessionContext } from './context.ts'
import { Login } from './login.tsx'
import { Mark } from './parts/mark.tsx'
import { Toasts } from './parts/toasts.tsx'
import { Link, path } from './router.tsx'
import { type Session, sessionState, signOut } from './session.ts'
import { useStore } from './store.ts'
import { viewAt } from './views.tsx'

const TABS = [{ to: '/', label: 'Flags' }] as const

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

function Frame({ session: { person } }: { session: Session }) {
  const at = useStore(path)
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Link to="/" class="brand" aria-label="Sluice, all flags">
          <Mark />
          <span>Sluice</span>
        </Link>
        <span class={`environment ${person.environment}`}>{person.environment}</span>
        <nav aria-label="Views">
          {TABS.map(({ to, label }) => (
            <Link key={to} to={to} aria-current={at === to ? 'page' : undefined}>
              {label}
            </Link>
          ))}
        </nav>
        <span class="who">
          {person.name} <small>{person.role}</small>
        </span>
        <button type="button" class="quiet" onClick={() => signOut()}>
          Sign out
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {viewAt(at)}
      </main>
    </>
  )
}

/** Signing in with a token. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ProblemText } from '../components/layout.tsx'
import { Logo } from '../components/logo.tsx'
import { signIn } from '../state/session.ts'
import { SharedHostWarning } from './shared-host.tsx'

export function Login({ problem: before, isShared }: { problem: string | undefined; isShared: boolean }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState(before)
  const [isBusy, setIsBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    setIsBusy(true)
    setProblem(await signIn(token.trim()))
    setIsBusy(false)
  }
  return (
    <main class="login">
      <form onSubmit={submit}>
        <Logo />
        <h1>Sluice</h1>
        <p class="muted">Watch and control every rollout of this gate.</p>
        <label for="token">Token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="current-password"
          required
          value={token}
          aria-describedby="token-help"
          aria-invalid={problem !== undefined}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="token-help" class="hint">
          The admin token of the gate, or one created under Settings. This page never stores it.
        </p>
        {isShared && <SharedHostWarning />}
        <ProblemText>{problem}</ProblemText>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}

/** A link that shows one variant to whoever opens it, for as long as it lasts. */
import { useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { mayActAs, textOf } from '../../state/session.ts'
import { useSession } from '../../state/session-context.ts'

const LIFETIMES = [
  { seconds: 3_600, label: '1 hour' },
  { seconds: 86_400, label: '1 day' },
  { seconds: 604_800, label: '7 days' },
] as const

export function Preview({ flags, first }: { flags: readonly string[]; first: string }) {
  const { client, person } = useSession()
  const [flag, setFlag] = useState(first)
  const [variants, setVariants] = useState<readonly string[]>([])
  const [variant, setVariant] = useState('')
  const [seconds, setSeconds] = useState<number>(LIFETIMES[1].seconds)
  const [path, setPath] = useState('/')
  const [link, setLink] = useState<Responses['createPreview']>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => setFlag(first), [first])
  useEffect(() => {
    setVariants([])
    setLink(undefined)
    if (!flags.includes(flag)) return
    client.call('getFlag', { params: { flag } }).then(
      ({ definition }) => {
        const names = Object.keys((definition.variants ?? {}) as object)
        setVariants(names)
        setVariant(names[0] ?? '')
      },
      () => undefined,
    )
  }, [client, flag, flags.length])
  if (!mayActAs(person, 'operator')) return null
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { overrides: { [flag]: variant }, expiresInSeconds: seconds, path }
      setLink(await client.call('createPreview', { body }))
      setProblem(undefined)
    } catch (error) {
      setProblem(textOf(error))
    }
  }
  return (
    <form class="card stack" aria-label="Preview link" onSubmit={submit}>
      <header class="card-head">
        <h2>Preview link</h2>
        <span class="hint">Signed, for one browser, also while the flag is rolled back</span>
      </header>
      <div class="preview-fields">
        <label class="field">
          <span>Flag</span>
          <input
            list="try-flags"
            required
            value={flag}
            onInput={(event) => setFlag(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Variant</span>
          <select required value={variant} onChange={(event) => setVariant(event.currentTarget.value)}>
            {variants.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Page</span>
          <input value={path} onInput={(event) => setPath(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Lasts</span>
          <select value={seconds} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
            {LIFETIMES.map(({ seconds: value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={variants.length === 0}>
          Make link
        </button>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {link && (
        <p class="link" role="status">
          <a href={link.url} target="_blank" rel="noreferrer">
            {link.url.slice(0, 90)}…
          </a>
          <CopyButton text={link.url} />
        </p>
      )}
    </form>
  )
}

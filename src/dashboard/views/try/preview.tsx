/** A link that shows one variant to the browser that opens it, until it expires. */
import { useEffect, useState } from 'preact/hooks'
import type { Responses } from '../../../contract/responses.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { type Choice, Field, Select } from '../../components/fields.tsx'
import { ProblemText } from '../../components/layout.tsx'
import { textOf, useMayActAs, useSession } from '../../state/session.ts'

const LIFETIMES: readonly Choice[] = [
  ['3600', '1 hour'],
  ['86400', '1 day'],
  ['604800', '7 days'],
]
const MAX_LINK_LENGTH = 90

export function Preview({ flags, first }: { flags: readonly string[]; first: string }) {
  const { client, user } = useSession()
  const mayCreate = useMayActAs('operator')
  const [flag, setFlag] = useState(first)
  const [variants, setVariants] = useState<readonly string[]>([])
  const [variant, setVariant] = useState('')
  const [seconds, setSeconds] = useState('86400')
  const [path, setPath] = useState(user.host === 'own' ? '' : '/')
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
  if (!mayCreate) return null
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { overrides: { [flag]: variant }, expiresInSeconds: Number(seconds), path }
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
        <span class="hint">Signed, for one browser; works while the flag is rolled back, too</span>
      </header>
      <div class="preview-fields">
        <Field label="Flag">
          <input
            list="try-flags"
            required
            value={flag}
            onInput={(event) => setFlag(event.currentTarget.value)}
          />
        </Field>
        <Field label="Variant">
          <Select
            value={variant}
            choices={variants.map((name): Choice => [name, name])}
            onChoose={setVariant}
          />
        </Field>
        <Field label="Page">
          <input
            required
            placeholder="https://www.example.com/"
            value={path}
            onInput={(event) => setPath(event.currentTarget.value)}
          />
        </Field>
        <Field label="Valid for">
          <Select value={seconds} choices={LIFETIMES} onChoose={setSeconds} />
        </Field>
        <button type="submit" disabled={variants.length === 0}>
          Create link
        </button>
      </div>
      <ProblemText>{problem}</ProblemText>
      {link && (
        <p class="link" role="status">
          <a href={link.url} target="_blank" rel="noreferrer">
            {link.url.slice(0, MAX_LINK_LENGTH)}…
          </a>
          <CopyButton text={link.url} />
        </p>
      )}
    </form>
  )
}

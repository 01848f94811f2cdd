/**
 * A page that goes on by itself, in the four ways of common frameworks, and does with an answer of another build what each of
 * them does. `go` and `send` resolve to what becomes of it: the version whose data it shows, or that it reloads.
 */
import { createSluice } from '../../../../src/sdk/browser/index.ts'

const { version } = globalThis as unknown as { version: string }

const leave = (to: string) => {
  location.href = to
  return 'reloads'
}
const show = async (to: string | undefined, answer: Response) => {
  const data = (await answer.json()) as { version: string }
  if (data.version !== version) document.title = `MIXED: page ${version}, data ${data.version}`
  if (to !== undefined) history.pushState(null, '', to)
  return data.version
}
const json = (value: unknown) => ({ method: 'POST', body: JSON.stringify(value) })
const broken = (answer: Response) => {
  document.title = `ERROR BOUNDARY ${answer.status}`
  return 'broken'
}
const ways = {
  'react-router': {
    url: (to: string) => (to === '/' ? '/_root.data' : `${to}.data`),
    headers: () => ({}),
    read: (to: string | undefined, answer: Response) => {
      const next = answer.headers.get('x-remix-redirect')
      if (answer.status === 204 && next !== null)
        return answer.headers.get('x-remix-reload-document') === 'true' ? leave(next) : broken(answer)
      return answer.ok ? show(to, answer) : broken(answer)
    },
  },
  next: {
    url: (to: string, isForm: boolean) => (isForm ? to : `${to}?_rsc=1x2y`),
    headers: (isForm: boolean) => (isForm ? { 'next-action': '7f00' } : { rsc: '1' }),
    read: (to: string | undefined, answer: Response) => {
      const isFlight = answer.headers.get('content-type')?.startsWith('text/x-component') === true
      const [redirect] = answer.headers.get('x-action-redirect')?.split(';') ?? []
      if (redirect !== undefined && !isFlight) return leave(redirect)
      if (to === undefined && !isFlight) return broken(answer)
      return isFlight && answer.ok ? show(to, answer) : leave(to ?? location.href)
    },
  },
  sveltekit: {
    url: (to: string, isForm: boolean) =>
      isForm ? `${to}?/save` : `${to === '/' ? '' : to}/__data.json?x-sveltekit-invalidated=01`,
    headers: (isForm: boolean) => (isForm ? { 'x-sveltekit-action': 'true' } : {}),
    read: async (to: string | undefined, answer: Response): Promise<string> => {
      if (answer.ok) {
        const action = (await answer.clone().json()) as { type?: string; location?: string }
        return action.type === 'redirect' ? go('sveltekit', action.location ?? '/') : show(to, answer)
      }
      const now = (await (await fetch('/_app/version.json')).json()) as { version: string }
      return now.version === version ? broken(answer) : leave(to ?? location.href)
    },
  },
  inertia: {
    url: (to: string) => to,
    headers: () => ({ 'x-inertia': 'true' }),
    read: (to: string | undefined, answer: Response) => {
      const next = answer.headers.get('x-inertia-location')
      if (answer.status === 409 && next !== null) return leave(next)
      return answer.headers.has('x-inertia') ? show(to, answer) : broken(answer)
    },
  },
}
const go = async (how: keyof typeof ways, to: string): Promise<string> =>
  await ways[how].read(
    to,
    await fetch(ways[how].url(to, false), { headers: ways[how].headers(false) as HeadersInit }),
  )
const send = async (how: keyof typeof ways, name: string): Promise<string> => {
  const init = { ...json({ name, version }), headers: ways[how].headers(true) as HeadersInit }
  return await ways[how].read(undefined, await fetch(ways[how].url(location.pathname, true), init))
}
const follow = () => {
  const sluice = createSluice({ live: true, automatic: false })
  sluice.onClosed(({ reload }) => void reload())
  return sluice.ready
}
Object.assign(globalThis, { go, send, follow })

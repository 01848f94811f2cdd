/** Visitors as browsers, crawlers and payment providers bring them: all keep their place, and get no mixed page. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { decisionOf, type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'

let origins: { old: Origin; new: Origin }
let gate: Gate
let written = 0

const HALF = { rules: [{ serve: 'on', stages: [{ percentage: 50 }, { percentage: 100 }] }] }

/** A document of one flag, and of another whose variant tells documents apart. */
function documentWith(rules: object = {}, more: Record<string, unknown> = {}): object {
  const variant = `v${++written}`
  const base = document(
    { old: origins.old.url, new: origins.new.url },
    { ...HALF, ...rules },
    { context: {}, ...more },
  )
  const mark = { variants: { [variant]: true }, off: variant }
  const route = { path: '/mark', flag: 'mark', origins: { [variant]: 'old' } }
  return { ...base, routes: [route, ...base.routes], flags: { ...base.flags, mark } }
}

/** Puts a document in force. */
async function use(rules: object = {}, more: Record<string, unknown> = {}): Promise<void> {
  const { version: expectedVersion } = await gate.admin.call('getDocument', {})
  const text = JSON.stringify(documentWith(rules, more))
  await gate.admin.call('publishDocument', { body: { document: text, expectedVersion, confirm: true } })
  // After a rule that serves everybody, a rollout stands at its last stage.
  if (Object.keys(rules).length === 0 && (await gate.flag('f')).stage > 0)
    await gate.admin.call('commandFlag', { params: { flag: 'f', verb: 'stage' }, body: { stage: 0 } })
  const variant = `v${written}`
  const epoch = String((await gate.status()).epoch)
  await eventually('the document and its split are in force', async () => {
    const isKnown = (await gate.get('/mark')).variant === variant
    const { isolates } = await gate.admin.call('getConvergence', { query: { epoch } })
    return isKnown && isolates.converged > 0 && isolates.behind === 0
  })
}

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({ document: documentWith(), signingKey: SIGNING_KEY })
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins?.old.close(), origins?.new.close()])
})
beforeEach(() => {
  for (const origin of Object.values(origins)) origin.requests.length = 0
})

/** As a browser asks: fetch of Node would name another mode. */
async function ask(path: string, headers: Record<string, string>, method = 'GET') {
  const answer = await raw(gate.url + path, { method, headers })
  return { ...answer, ...decisionOf(answer.headers) }
}
type Answer = Awaited<ReturnType<typeof ask>>

const NAVIGATES = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
const cookieOf = (page: Answer) => page.headers.getSetCookie().find((each) => each.startsWith('sluice_id='))

/** New visitors, each with the cookie and the side that they got. */
async function visitors(count: number) {
  const all: { cookie: string; variant: string | undefined }[] = []
  for (let n = 0; n < count; n++) {
    const page = await ask('/', NAVIGATES)
    all.push({ cookie: cookieOf(page)?.split(';')[0] ?? '', variant: page.variant })
  }
  return all
}

const post = (headers: Record<string, string>, method = 'POST') => ask('/return', headers, method)

/** Requests that are counted for the flag, once all have arrived. */
async function counted(): Promise<number> {
  const sum = async () =>
    Object.values((await gate.flag('f')).arms).reduce((all, { requests }) => all + requests, 0)
  let last = -1
  await eventually('all are counted', async () => {
    const before = last
    last = await sum()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    return last === before
  })
  return last
}

describe('another site that posts back', () => {
  it('keeps their identity and their version, and is not compared', async () => {
    const all = await visitors(20)
    expect(new Set(all.map(({ variant }) => variant)).size).toBe(2)
    const answers = await Promise.all(all.map(() => post({ ...NAVIGATES, 'sec-fetch-site': 'cross-site' })))
    expect(answers.flatMap((answer) => answer.headers.getSetCookie())).toEqual([])
    expect(new Set(answers.map(({ variant }) => variant))).toEqual(new Set(['off']))
    for (const { cookie, variant } of all)
      expect((await ask('/', { ...NAVIGATES, cookie })).variant).toBe(variant)
  })
})

describe('what a page asks without the cookies of its document', () => {
  const FROM_PAGE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
  const onPage = (path = '/') => ({ ...FROM_PAGE, referer: gate.url + path })
  const names = (answer: Answer) => answer.headers.getSetCookie().map((each) => each.split('=')[0])

  it('comes from one version, and is no new visitor', async () => {
    const [one] = await visitors(1)
    // Left out (`credentials: 'omit'`), or deleted as the visitor signed out (`Clear-Site-Data`).
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/api', onPage())))
    expect([...new Set(answers.map(({ variant }) => variant))]).toEqual(['off'])
    expect(answers.flatMap(names)).toEqual([])
    const kept = await ask('/api', { ...onPage(), cookie: one?.cookie ?? '' })
    expect(kept.variant).toBe(one?.variant)
  })

  it('comes from one version, page by page, where the browser takes no cookies', async () => {
    const link = { ...NAVIGATES, 'sec-fetch-site': 'same-origin', referer: `${gate.url}/` }
    const pages = await Promise.all(Array.from({ length: 20 }, () => ask('/next', link)))
    expect([...new Set(pages.map(({ variant }) => variant))]).toEqual(['off'])
    expect([...new Set(pages.flatMap(names))]).toEqual(['sluice_pages'])
  })

  it('becomes a visitor again with the page after the next, where the browser takes cookies', async () => {
    const link = { ...NAVIGATES, 'sec-fetch-site': 'same-origin', referer: `${gate.url}/logout` }
    const next = await ask('/next', link)
    const cookie = next.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const part = await ask('/api', { ...onPage('/next'), cookie })
    expect([next.variant, part.variant]).toEqual(['off', 'off'])
    const later = await Promise.all(
      Array.from({ length: 20 }, () => ask('/later', { ...link, referer: `${gate.url}/next`, cookie })),
    )
    expect(new Set(later.map(({ variant }) => variant)).size).toBe(2)
    expect(later.every((page) => names(page).includes('sluice_id'))).toBe(true)
  })

  it('makes a new visitor where the page is of a route without a flag, which leaves none', async () => {
    const routes = [
      { path: '/api/*', flag: 'f', origins: { on: 'new', off: 'old' } },
      { path: '/*', origin: 'old' },
    ]
    await use({}, { routes })
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/api/items', onPage())))
    expect(new Set(answers.map(({ variant }) => variant)).size).toBe(2)
    expect(answers.every((answer) => names(answer).includes('sluice_id'))).toBe(true)
    await use()
  })
})

describe('a CORS preflight', () => {
  it('goes to one place, sets no cookie and counts nowhere', async () => {
    const before = await counted()
    const preflight = { origin: 'https://a.test', 'access-control-request-method': 'PUT' }
    for (let n = 0; n < 33; n++) {
      const answer = await post({ ...preflight, 'x-forwarded-for': `192.0.2.${n}` }, 'OPTIONS')
      expect([answer.text, answer.headers.getSetCookie()]).toEqual(['old', []])
    }
    expect(origins.new.requests).toEqual([])
    await ask('/', NAVIGATES)
    expect(await counted()).toBe(before + 1)
  })

  it('goes where every visitor goes', async () => {
    await use({ rules: [{ serve: 'on' }] })
    const preflight = { origin: 'https://a.test', 'access-control-request-method': 'PUT' }
    expect((await post(preflight, 'OPTIONS')).text).toBe('new')
    await use()
  })
})

describe('a crawler', () => {
  const GOOGLE = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'

  it('gets one version and no cookie, unless a rule says otherwise', async () => {
    const crawl = async () => {
      const pages = await Promise.all(
        Array.from({ length: 40 }, (_, n) => ask(`/${n}`, { 'user-agent': GOOGLE, accept: 'text/html' })),
      )
      return [...new Set(pages.map((page) => `${page.text} ${cookieOf(page)}`))]
    }
    expect(await crawl()).toEqual(['old undefined'])
    await use({ rules: [{ when: [{ attribute: 'bot', op: 'in', values: [true] }], serve: 'on' }] })
    expect(await crawl()).toEqual(['new undefined'])
    await use()
  })
})

describe('a visitor who signs in', () => {
  it('keeps the version of the session with keepFirst', async () => {
    const context = { targetingKey: { header: 'x-user-id' }, keepFirst: true }
    await use({}, { context })
    const [one, two] = await visitors(2)
    for (const { cookie, variant } of [one, two].filter((each) => each !== undefined)) {
      for (let n = 0; n < 10; n++)
        expect((await ask('/', { cookie, 'x-user-id': `user-${n}` })).variant).toBe(variant)
    }
    await use()
  })
})

describe('a visitor who has not agreed to cookies', () => {
  it('gets control and no cookie; one whom another key identifies has a place', async () => {
    await use({}, { identity: { cookie: false }, context: { targetingKey: { header: 'x-user-id' } } })
    const anonymous = await Promise.all(Array.from({ length: 12 }, () => ask('/', NAVIGATES)))
    expect(new Set(anonymous.map(({ text }) => text))).toEqual(new Set(['old']))
    expect(anonymous.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
    const users = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask('/', { ...NAVIGATES, 'x-user-id': `user-${n}` })),
    )
    expect(new Set(users.map(({ text }) => text)).size).toBe(2)
    expect(users.some((page) => cookieOf(page))).toBe(false)
    await use()
  })
})

describe('the cookies of the gate', () => {
  it('stay small over many pages, and reach no origin', async () => {
    const jar = new Map<string, string>()
    for (let n = 0; n < 30; n++) {
      const cookie = ['app=1', ...[...jar].map(([name, value]) => `${name}=${value}`)].join('; ')
      const page = await ask(`/shop/category-${n}/product?colour=${n}`, {
        ...NAVIGATES,
        cookie,
      })
      for (const each of page.headers.getSetCookie()) {
        const [pair = ''] = each.split(';')
        jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
      }
    }
    expect([...jar.keys()].toSorted()).toEqual(['sluice_id', 'sluice_pages'])
    expect(`sluice_pages=${jar.get('sluice_pages')}`.length).toBeLessThanOrEqual(400)
    const reached = [...origins.old.requests, ...origins.new.requests].map(({ headers }) => headers.cookie)
    expect(new Set(reached)).toEqual(new Set(['app=1']))
  })
})

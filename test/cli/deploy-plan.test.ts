/** What `sluice deploy --dry-run` says a deployment would make. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { costText, MONTHLY_USD } from '../../src/cli/deploy/cost.ts'
import { deployPlan, planLines } from '../../src/cli/deploy/plan.ts'
import { parseDocumentValue } from '../../src/core/config/parse/parse.ts'

const staged = (stages: object[], more: object = {}) => ({
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages }],
  ...more,
})
const parsed = parseDocumentValue({
  origins: {
    old: { url: 'https://old.example.com' },
    new: { binding: 'SITE', headers: { 'x-key': { secret: 'ORIGIN_KEY' } } },
  },
  context: { jwt: { secretBinding: 'JWT_KEY' } },
  notifications: { webhooks: [{ url: 'https://hook.example.com', secretBinding: 'HOOK_KEY' }] },
  routes: [{ path: '/*', flag: 'a', origins: { on: 'new', off: 'old' } }],
  flags: {
    a: staged([{ percentage: 1 }, { percentage: 100 }], { guard: { errors: {} } }),
    shadowed: staged([{ shadow: 5, bake: '1h' }, { percentage: 100 }]),
    disabled: staged([{ percentage: 50 }], { enabled: false }),
    plain: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on', percentage: 12.5 }] },
    everyone: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] },
    none: { variants: { on: true, off: false }, off: 'off', rules: [] },
  },
})
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
const { value: document } = parsed

const HAS_ALL = `
[assets]
directory = "dashboard"
binding = "ASSETS"
run_worker_first = true
[[kv_namespaces]]
binding = "GATE"
[[durable_objects.bindings]]
name = "CONTROLLER"
class_name = "Controller"
[[durable_objects.bindings]]
name = "COUNTERS"
class_name = "Counters"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Controller", "Counters"]
[[services]]
binding = "SITE"
service = "site"
`
const planOf = (toml: string) => deployPlan(toml, document, 'gate.json')

it('lists each flag with the share that it begins at, and the secrets that the document names', () => {
  const { document: listed, secrets, cost } = planOf('name = "shop"')
  expect(listed.flags.map(({ flag, firstPercentage }) => [flag, firstPercentage])).toEqual([
    ['a', 1],
    ['shadowed', 0],
    ['disabled', 0],
    ['plain', 12.5],
    ['everyone', 100],
    ['none', 0],
  ])
  expect(listed.origins).toEqual({ old: 'https://old.example.com', new: 'binding SITE' })
  expect(secrets).toEqual(['ADMIN_TOKEN', 'SIGNING_KEY', 'HOOK_KEY', 'JWT_KEY', 'ORIGIN_KEY'])
  expect(cost).toContain('1 flag with a guard')
})

it('lists hosts, KV and where objects will be', () => {
  const id = 'ab'.repeat(16)
  const plan = planOf(`name = "shop"
workers_dev = true
routes = [{ pattern = "www.example.com/*" }, { pattern = "sluice.example.net", custom_domain = true }, "x.example.com/*"]
[vars]
ADMIN_HOST = "sluice.example.net"
JURISDICTION = "eu"
LOCATION_HINT = "weur"
[[kv_namespaces]]
binding = "GATE"
id = "${id}"`)
  expect(plan).toMatchObject({
    worker: 'shop',
    hosts: [
      'www.example.com/*',
      'sluice.example.net (custom domain)',
      'x.example.com/*',
      'its address on workers.dev',
    ],
    adminHost: 'sluice.example.net',
    kv: `namespace ${id}`,
    objects: expect.stringContaining('in the jurisdiction eu, the Controller in weur'),
  })
  expect(planLines(plan)).toContain('dashboard   sluice.example.net\n')
  expect(planOf('workers_dev = false').hosts).toEqual([])
  expect(planOf('[[kv_namespaces]]\nbinding = "GATE"').kv).toBe('a new namespace for GATE')
})

it('warns of origins that it could not reach', () => {
  expect(planOf('name = "shop"').warnings).toEqual([])
  const origins = { old: { url: 'http://localhost:3000' }, new: { url: 'https://new.acme.workers.dev' } }
  const local = parseDocumentValue({ origins, routes: [{ path: '/*', origin: 'old' }] })
  if (!local.ok) throw new Error(JSON.stringify(local.problems))
  const plan = deployPlan('name = "shop"', local.value, 'gate.json')
  expect(plan.warnings).toEqual([
    "origin old: http://localhost:3000 is on this machine: a Worker on Cloudflare can't reach it",
    expect.stringContaining('error 1042'),
  ])
  expect(planLines(plan)).toContain('\nwarning     origin old: ')
})

const faultsOf = (toml: string) => planOf(toml).faults

it('lists what would keep the gate from working, each with what to do', () => {
  expect(faultsOf(HAS_ALL)).toEqual([])
  const without = (part: RegExp) => faultsOf(HAS_ALL.replace(part, ''))
  expect(without(/\[\[services\]\][^[]*/)).toEqual([
    'origin new: wrangler.toml has no binding SITE: the gate could not reach it; add [[services]] with binding = "SITE" and service = the name of its Worker',
  ])
  expect(without(/\[\[kv_namespaces\]\][^[]*/)).toEqual([expect.stringContaining('no KV namespace as GATE')])
  expect(without(/\[\[durable_objects[^[]*\[\[durable_objects[^[]*/)).toEqual([
    expect.stringContaining('does not bind CONTROLLER and COUNTERS'),
  ])
  expect(without(/name = "COUNTERS"/)).toEqual([expect.stringContaining('does not bind COUNTERS')])
  expect(without(/\[\[migrations[^[]*\[[^[]*/)).toEqual([
    expect.stringContaining('no migration makes Controller and Counters'),
  ])
  expect(without(/, "Counters"/)).toEqual([expect.stringContaining('no migration makes Counters')])
  expect(without(/_sqlite/)).toEqual([expect.stringContaining('no migration makes Controller and Counters')])
  expect(without(/\[assets\][^[]*/)).toEqual([expect.stringContaining('no folder of assets')])
  expect(without(/binding = "ASSETS"/)).toEqual([expect.stringContaining('no folder of assets')])
  expect(without(/run_worker_first = true/)).toEqual([expect.stringContaining('run_worker_first = true')])
  expect(faultsOf(`${HAS_ALL}[vars]\nENVIRONMENT = "development"`)).toEqual([
    expect.stringContaining('set it to "production"'),
  ])
  for (const host of ['"sluice.example.net/ui"', '"two words"', '"a@b.test"', '1'])
    expect(faultsOf(`${HAS_ALL}[vars]\nADMIN_HOST = ${host}`), host).toEqual([
      expect.stringMatching(/^ADMIN_HOST: it must be a host/),
    ])
  expect(faultsOf(`${HAS_ALL}[vars]\nADMIN_HOST = "Sluice.Example.net"`)).toEqual([])
  expect(planLines(planOf(''))).toContain('\nfault       origin new: ')
})

it('objects of another Worker need no migration here, and classes may have another name', () => {
  const elsewhere = HAS_ALL.replace(/\[\[migrations[^[]*\[[^[]*/, '').replaceAll(
    /class_name = "(\w+)"/g,
    'class_name = "$1"\nscript_name = "other"',
  )
  expect(faultsOf(elsewhere)).toEqual([])
  const renamed = `${HAS_ALL}[[migrations]]\ntag = "v2"\nrenamed_classes = [{ from = "Counters", to = "Books" }]`
  expect(faultsOf(renamed.replace('class_name = "Counters"', 'class_name = "Books"'))).toEqual([])
})

it.each(['services', 'vpc_services', 'vpc_networks', 'mtls_certificates'])(
  'a binding may be of %s',
  (kind) => {
    expect(faultsOf(HAS_ALL.replace('[[services]]', `[[${kind}]]`))).toEqual([])
  },
)

it('an origin on a custom domain of the gate has no server; on a route it has that of the DNS record', () => {
  const on = (routes: string) => {
    const { faults, notes } = planOf(`${routes}\n${HAS_ALL}`)
    return [faults, notes].map((each) => each.map((text) => text.slice(0, 50)))
  }
  const custom = 'origin old: https://old.example.com is the gate'.slice(0, 50)
  const route = "origin old: https://old.example.com is on the gate's own".slice(0, 50)
  for (const domain of [
    'routes = [{ pattern = "old.example.com", custom_domain = true }]',
    'routes = [{ pattern = "OLD.example.com", custom_domain = true }, "*.example.com/*"]',
    'routes = ["*.example.com/*", { pattern = "old.example.com", custom_domain = true }]',
    'route = { pattern = "old.example.com", custom_domain = true }',
  ])
    expect(on(domain), domain).toEqual([[expect.stringContaining(custom)], []])
  for (const pattern of [
    'old.example.com/*',
    '*.example.com/*',
    '*example.com/*',
    'https://old.example.com/shop/*',
  ])
    for (const routes of [`routes = ["www.example.com/*", "${pattern}"]`, `route = "${pattern}"`])
      expect(on(routes), routes).toEqual([[], [route]])
  for (const pattern of [
    'www.example.com/*',
    'xold.example.com/*',
    'oldxexample.com/*',
    'old.example.com.net/*',
  ])
    expect(on(`routes = ["${pattern}"]`), pattern).toEqual([[], []])
})

it('tells what it costs as docs/costs.md does', () => {
  const page = readFileSync(new URL('../../docs/costs.md', import.meta.url), 'utf8')
  const listed = (site: string) =>
    Number(page.match(new RegExp(`^\\| ${site} \\|[^$\\n]*\\$([\\d.]+)`, 'm'))?.[1])
  for (const [site, usd] of Object.entries(MONTHLY_USD)) {
    expect(listed(site), site).toBe(usd.ramps)
    if ('calm' in usd) expect(listed(`${site}, nothing ramps`), site).toBe(usd.calm)
  }
  expect(page).toContain('| one request a second | enough |')
  const unjudged = { flags: { a: { ...document.flags.a, guard: undefined } } } as never
  expect(costText(unjudged)).toMatch(
    /^no flag is judged, about \$5 a month .* \$80 at 100, \$780 to \$913 at 1,000/,
  )
  expect(costText(document)).toMatch(/^1 flag with a guard: .* \$781 to \$1116 at 1,000/)
})

/** What `sluice deploy --dry-run` says a deployment would make. */
import { expect, it } from 'vitest'
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

/** The kill list in KV without the gate: others on it stay, and what cannot be read is not written over. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Refused, scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder, sluice } from '../gate/support.ts'
import { folder } from '../gate/transcript.ts'
import { calls, forget, gateFolder, LOGIN, started, steps } from '../gate/wrangler-process.ts'

vi.mock('node:child_process', async (original) => ({
  ...(await original<object>()),
  spawn: (await import('../gate/wrangler-process.ts')).spawn,
}))
beforeEach(forget)

const REMOTE = ['--binding', 'GATE', '--remote', '--preview', 'false']

describe('the kill list without the gate', () => {
  const env = { SLUICE_URL: 'https://gate.test', ...LOGIN }

  it.each([
    ['kill f', '["a","b"]', ['a', 'b'], ['a', 'b', 'f']],
    ['kill f', '["f","a"]', ['f', 'a'], ['a', 'f']],
    ['kill f', '', [], ['f']],
    ['kill f', 'Value not found\n', [], ['f']],
    ['kill --all --yes', '["a"]', ['a'], ['a', '*']],
    ['unkill f', '["a","f"]\n', ['a', 'f'], ['a']],
    ['unkill f', '["f"]', ['f'], []],
    ['unkill --all', '["a","*"]', ['a', '*'], ['a']],
  ])('"%s" keeps the others on %s', async (line, list, before, after) => {
    const cwd = await gateFolder()
    for (const isJson of [false, true]) {
      started.length = 0
      steps.push({ out: list })
      const ran = await sluice([...line.split(' '), '--kv', ...(isJson ? ['--json'] : [])], { cwd, env })
      const text = `The kill list in KV (on Cloudflare, Worker mine of wrangler.toml) is now ${JSON.stringify(after)}. Isolates read it every 30 s; not measured\n`
      expect({ ...ran, out: isJson ? JSON.parse(ran.out) : ran.out }).toEqual({
        code: 0,
        err: '',
        out: isJson
          ? {
              ...{ via: 'wrangler', where: 'on Cloudflare', of: 'Worker mine of wrangler.toml' },
              ...{ before, after, measured: false },
            }
          : text,
      })
      expect(calls()).toEqual([
        ['kv', 'key', 'get', 'kill', '--text', ...REMOTE],
        ['kv', 'key', 'put', 'kill', JSON.stringify(after), ...REMOTE],
      ])
    }
  })

  it.each([
    { code: 1, err: '✘ [ERROR] 404: Not Found' },
    { code: 1, out: 'key not found' },
  ])('a list that is not there is empty: %j', async (step) => {
    steps.push(step)
    await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(calls()[1]?.[4]).toBe('["f"]')
  })

  it.each([
    [{ code: 1, err: '✘ [ERROR] network is down' }, 'Cannot read the kill list in KV: network is down'],
    [{ code: null, err: '' }, 'Cannot read the kill list in KV: it printed no reason'],
    [{ error: 'EACCES' }, 'Cannot run wrangler: EACCES'],
  ])('a list that cannot be read is not written over: %j', async (step, message) => {
    steps.push(step)
    const ran = await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message) })
    expect(calls()).toHaveLength(1)
  })

  it('a list that cannot be written is a failure', async () => {
    steps.push({ out: '[]' }, { code: 1, err: 'denied' })
    const ran = await sluice(['kill', 'f', '--kv'], { cwd: await gateFolder(), env })
    expect(ran).toEqual({ code: 1, out: '', err: 'Cannot write KV: denied\n' })
  })

  it.each(['http://127.0.0.1:2', 'http://localhost:2', 'http://[::1]:2'])(
    'of %s is the local one',
    async (url) => {
      const cwd = await gateFolder()
      const state = async () => {
        started.length = 0
        steps.push({ out: '[]' })
        const ran = await sluice(['kill', 'f', '--kv'], { cwd, env: { SLUICE_URL: url } })
        expect(ran.out).toContain(`(local, ${calls()[0]?.at(-1)}) is now ["f"]`)
        expect(started[0]).toMatchObject({
          cwd,
          env: { NO_COLOR: '1', CI: '1', WRANGLER_SEND_METRICS: 'false' },
        })
        return calls()[0]?.slice(5)
      }
      const place = (folder: string) => ['--namespace-id', 'GATE', '--local', '--persist-to', folder]
      expect(await state()).toEqual(place('.sluice/state'))
      await mkdir(join(cwd, '.wrangler/state'), { recursive: true })
      expect(await state()).toEqual(place('.wrangler/state'))
      await mkdir(join(cwd, '.sluice/state'), { recursive: true })
      expect(await state()).toEqual(place('.sluice/state'))
    },
  )

  it('without wrangler.toml or a login it says what to run', async () => {
    const home = await emptyFolder()
    // As this program was started; a list by wrangler alone would take the place of the one before.
    const told = (what: string) =>
      expect.stringMatching(new RegExp(`^Cannot write KV: ${what}: \\S.* kill f --kv\n$`))
    const run = (cwd: string, more: Record<string, string>) =>
      sluice(['kill', 'f', '--kv'], { cwd, env: { SLUICE_URL: 'https://gate.test', ...more } })
    expect(await run(await folder(), LOGIN)).toEqual({
      code: 1,
      out: '',
      err: told('this folder has no wrangler.toml. In the folder of the gate, run'),
    })
    vi.stubEnv('HOME', home)
    const cwd = await gateFolder()
    for (const more of [{}, { CLOUDFLARE_API_KEY: 'k' }, { CLOUDFLARE_EMAIL: 'e' }])
      expect(await run(cwd, { XDG_CONFIG_HOME: home, ...more })).toEqual({
        code: 1,
        out: '',
        err: told('wrangler is not logged in. Set CLOUDFLARE_API_TOKEN or run "npx wrangler login", then'),
      })
    expect(calls()).toEqual([])
    expect((await run(cwd, { CLOUDFLARE_API_KEY: 'k', CLOUDFLARE_EMAIL: 'e' })).code).toBe(0)
    await mkdir(join(home, 'xdg/.wrangler/config'), { recursive: true })
    await writeFile(join(home, 'xdg/.wrangler/config/default.toml'), '')
    expect((await run(cwd, { XDG_CONFIG_HOME: join(home, 'xdg') })).code).toBe(0)
    for (const place of ['.config/.wrangler/config', '.wrangler/config']) {
      vi.stubEnv('HOME', join(home, place.slice(0, 5)))
      await mkdir(join(home, place.slice(0, 5), place), { recursive: true })
      await writeFile(join(home, place.slice(0, 5), place, 'default.toml'), '')
      expect((await run(cwd, {})).code, place).toBe(0)
    }
    vi.unstubAllEnvs()
  })

  it('is where a kill goes when the gate is down, and only then', async () => {
    const cwd = await gateFolder()
    const away = await sluice(['kill', 'f', '--wait'], { cwd, env: { SLUICE_URL: 'http://127.0.0.1:2' } })
    expect([away.code, away.err]).toEqual([
      0,
      'Cannot reach the gate at http://127.0.0.1:2 (SLUICE_URL): connection refused. Writing the kill list in KV instead\n',
    ])
    expect(away.out).toContain('The kill list in KV (local, .sluice/state) is now ["f"]')
    started.length = 0
    const failing = await scriptedGate({ commandFlag: new Refused(500, 'no Controller') })
    expect(await failing.run('kill f', { cwd })).toMatchObject({
      code: 0,
      err: 'no Controller. Writing the kill list in KV instead\n',
    })
    expect(calls()).toHaveLength(2)
    // A lift has the same fall-back.
    const lifted = await sluice(['unkill', 'f'], { cwd, env: { SLUICE_URL: 'http://127.0.0.1:2' } })
    expect([lifted.code, lifted.err]).toEqual([
      0,
      'Cannot reach the gate at http://127.0.0.1:2 (SLUICE_URL): connection refused. Lifting it in the kill list in KV instead; a kill through the gate stays\n',
    ])
    expect(lifted.out).toContain('The kill list in KV (local, .sluice/state) is now')
    started.length = 0
    for (const status of [400, 401, 404, 409, 429]) {
      const gate = await scriptedGate({ commandFlag: new Refused(status, 'no') })
      expect(await gate.run('kill f', { cwd }), String(status)).toMatchObject({ code: 1, out: '' })
      expect(await gate.run('unkill f', { cwd }), String(status)).toMatchObject({ code: 1, out: '' })
    }
    expect(calls()).toEqual([])
  })

  it('says which gate a mistyped address may have meant, who named it, and whose list is changed', async () => {
    const cwd = await gateFolder()
    const env = { SLUICE_CONFIG_DIR: join(cwd, 'profiles'), ...LOGIN }
    const kill = (url: string, more: Record<string, string> = {}) =>
      sluice(['kill', 'f', '--url', url], { cwd, env: { ...env, ...more } })
    const lost = 'Cannot reach the gate at http://127.0.0.1:2 (--url): connection refused.'
    const instead = ' Writing the kill list in KV instead\n'
    expect((await kill('127.0.0.1:2')).err).toBe(lost + instead)
    const near = await kill('127.0.0.1:2', { SLUICE_URL: 'http://127.0.0.1:22' })
    expect(near.err).toBe(`${lost} Did you mean http://127.0.0.1:22 (SLUICE_URL)?${instead}`)
    const profile = { url: 'https://www.example.com', token: 'secret' }
    await mkdir(join(cwd, 'profiles'), { recursive: true })
    await writeFile(join(cwd, 'profiles/profiles.json'), JSON.stringify({ profiles: { main: profile } }), {
      mode: 0o600,
    })
    const far = await kill('127.0.0.1:2')
    expect(far.err).toBe(
      `${lost} Gates that are known here: https://www.example.com (the profile main).${instead}`,
    )
    const typo = await kill('https://www.exmaple.invalid')
    expect(typo.err).toMatch(/^Cannot reach the gate at https:\/\/www\.exmaple\.invalid \(--url\): /)
    expect(typo.out).toContain('(on Cloudflare, Worker mine of wrangler.toml) is now ["f"]')
  })
})

/** A document file that is saved while others publish: nothing that was published is lost, in whichever order. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalRun, startRun } from '../../../src/local/run.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'

let folder: string
let file: string
let origins: { old: Origin; new: Origin }
let run: LocalRun
const said: string[] = []

const documentWith = (description: string, stages: number[] = [5, 50]) =>
  document(
    { old: origins.old.url, new: origins.new.url },
    {
      description,
      rules: [{ name: 'canary', serve: 'on', stages: stages.map((percentage) => ({ percentage })) }],
    },
  )
const save = (content: object) => writeFile(file, JSON.stringify(content, null, 2))
const start = () =>
  startRun({
    config: file,
    port: 0,
    data: join(folder, 'data'),
    origins: {},
    env: {},
    log: (line) => said.push(line),
  })
const admin = () => adminOf(run.url, run.adminToken)
const inForce = async () => await admin().call('getDocument')
const descriptionOf = async () => {
  const { document: found } = await inForce()
  return (found.flags as Record<string, { description?: string }>)[FLAG]?.description
}
/** As someone does whose page shows `version`. */
const publishFromDashboard = async (description: string, version: number) => {
  const body = {
    document: documentWith(description),
    expectedVersion: version,
    confirm: true,
    reason: 'dashboard',
  }
  await admin().call('publishDocument', { body })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-saved-'))
  file = join(folder, 'gate.json')
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  await save(documentWith('first'))
  run = await start()
})
afterAll(async () => {
  await run?.close()
  await Promise.all([origins.old.close(), origins.new.close()])
  await rm(folder, { recursive: true, force: true })
})

// One story: each test goes on where the one before ended.
describe('a file that is saved', { shuffle: false }, () => {
  it('is published where the gate has what it published last', async () => {
    expect(await descriptionOf()).toBe('first')
    // Editors on Windows begin a file with a byte order mark.
    await writeFile(file, `\ufeff${JSON.stringify(documentWith('second'), null, 2)}`)
    await eventually('the file is in force', async () => (await descriptionOf()) === 'second')
    // Then the dashboard, which knows what it edits.
    await publishFromDashboard('third, by the dashboard', (await inForce()).version)
    expect(await descriptionOf()).toBe('third, by the dashboard')
  })

  it('after the dashboard has published is refused, with what it would lose and the way out', async () => {
    said.length = 0
    await save(documentWith('fourth, by the file'))
    const refusal = await eventually('the refusal is told', () =>
      said.find((line) => line.startsWith('not published')),
    )
    expect(refusal).toContain(`${FLAG}: description second → third, by the dashboard`)
    expect(refusal).toContain(`sluice pull ${file}`)
    expect(await descriptionOf()).toBe('third, by the dashboard')
  })

  it('is refused at the next start too, and the gate keeps what it has', async () => {
    await run.close()
    said.length = 0
    run = await start()
    expect(said.join('\n')).toContain('not published')
    expect(await descriptionOf()).toBe('third, by the dashboard')
  })

  it('is published again once it has what the gate has', async () => {
    const { text } = await inForce()
    await writeFile(file, text)
    const memory = join(folder, 'data', 'published.json')
    await eventually('the file is known to be the gate’s', async () =>
      (await readFile(memory, 'utf8')).includes('third'),
    )
    said.length = 0
    await save(documentWith('fifth', [5, 25, 50]))
    await eventually('the file is in force', async () => (await descriptionOf()) === 'fifth')
    await eventually('that is told', () => said.some((line) => line.startsWith('published')))
    // As `sluice publish` tells it: by rule and stage, whom it moves, and what becomes of the rollout.
    const told = await eventually('what it does is told', () => {
      const text = said.join('\n')
      return text.includes('Impact unknown') ? text : undefined
    })
    expect(told).toContain(`${FLAG}: canary: stages 5/50 → 5/25/50; description`)
    expect(told).toContain('Impact unknown: no recent requests were sampled')
    said.length = 0
    await save(documentWith('fifth', [10, 50]))
    await eventually('where it stands is told', () =>
      said.some((line) =>
        line.includes('stays at 5 %, below its first stage of 10 %, and waits for a person to advance it'),
      ),
    )
    expect(said.filter((line) => line.includes('it stays at'))).toHaveLength(1)
    await save(documentWith('fifth', [5, 25, 50]))
    await eventually('the stages are back', async () => (await inForce()).text.includes('25'))
  })

  it('before a dashboard publishes that still shows the version before is kept, and the dashboard is told', async () => {
    const { version } = await inForce()
    await save(documentWith('sixth, by the file'))
    await eventually('the file is in force', async () => (await descriptionOf()) === 'sixth, by the file')
    await expect(publishFromDashboard('seventh, by the dashboard', version)).rejects.toThrow(/version/)
    expect(await descriptionOf()).toBe('sixth, by the file')
    await publishFromDashboard('seventh, by the dashboard', (await inForce()).version)
    expect(await descriptionOf()).toBe('seventh, by the dashboard')
  })
})

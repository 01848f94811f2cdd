/** A document that is no UTF-8 has a problem with its place: read as if it were, its text would lack letters. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DOCUMENT } from '../gate/answers.ts'
import { scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder, sluice } from '../gate/support.ts'

const TEXT = JSON.stringify(
  { ...DOCUMENT, flags: { f: { ...DOCUMENT.flags.f, description: 'Ünder → Größe 😀' } } },
  null,
  2,
)
const LINE = TEXT.split('\n').findIndex((line) => line.includes('Größe')) + 1
const latin = Buffer.from(TEXT.replace('→ ', '').replace('😀', ''), 'latin1')
const cut = Buffer.concat([Buffer.from(TEXT), Buffer.from([0x0a, 0xe2, 0x82])])
const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(TEXT, 'utf16le')])

it.each<[string, Buffer, string, string]>([
  ['Latin-1', latin, `gate.json:${LINE}:23`, 'the byte 0xDC'],
  ['a broken end', cut, `gate.json:${TEXT.split('\n').length + 1}:1`, 'the byte 0xE2'],
  ['UTF-16', wide, 'gate.json:1:1', 'UTF-16'],
])('check names the place: %s', async (_, bytes, place, found) => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'gate.json'), bytes)
  const checked = await sluice(['check'], { cwd })
  expect(checked.code).toBe(1)
  expect(checked.out).toContain(
    `${place}  $\n  found     ${found}\n  expected  UTF-8\n  fix       save the file as UTF-8\n`,
  )
  const json = JSON.parse((await sluice(['check', '--json'], { cwd })).out)
  expect(json).toMatchObject({ valid: false, problems: [{ found }] })
  for (const line of ['publish gate.json --yes', 'diff', 'simulate gate.json']) {
    const gate = await scriptedGate()
    const ran = await gate.run(line, { cwd })
    expect([ran.code, gate.asked], line).toEqual([1, []])
    expect(ran.err, line).toContain(place)
  }
})

it('takes every letter of UTF-8', async () => {
  const cwd = await emptyFolder()
  await mkdir(join(cwd, 'config'))
  await writeFile(join(cwd, 'config/gate.json'), `\ufeff${TEXT.replace('→', '\ufffd')}`)
  expect((await sluice(['check'], { cwd })).out).toBe('✔ config/gate.json has no problems\n')
})

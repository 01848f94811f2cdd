/** What command lines send to a gate and what they print, as text. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DOCUMENT } from './answers.ts'
import { type Answers, scriptedGate, visible } from './scripted-gate.ts'
import { emptyFolder } from './support.ts'

/** Command lines, and the gate that they meet. */
export type Scene = { title: string; answers?: Answers; lines: string[]; isScreen?: boolean }

const NEXT = { ...DOCUMENT, defaultOrigin: 'old' }
const FILES: Readonly<Record<string, unknown>> = {
  'gate.json': DOCUMENT,
  'next.json': NEXT,
  'bad.json': { origins: {} },
  'flag.json': { variants: { on: true, off: false }, off: 'off' },
  'list.json': [],
}

export async function transcript(scenes: readonly Scene[]): Promise<string> {
  const parts: string[] = []
  for (const { title, answers = {}, lines, isScreen = false } of scenes) {
    parts.push(`# ${title}`)
    for (const line of lines) parts.push(await told(line, answers, isScreen))
  }
  return parts.join('\n')
}

async function told(line: string, answers: Answers, isScreen: boolean): Promise<string> {
  const cwd = await folder()
  const gate = await scriptedGate(answers)
  const ran = await gate.run(wordsOf(line), { cwd, isScreen, input: '{"owner":"ada"}' })
  const text = [
    `$ sluice ${line}`,
    ...inOrder(gate.lines()).map((each) => `→ ${each}`),
    ...labelled('err', visible(ran.err)),
    ...labelled('   ', compact(visible(ran.out))),
    ...(ran.code === 0 ? [] : [`exit ${ran.code}`]),
    ...(await written(cwd)),
  ].join('\n')
  return `${withoutChance(text).replaceAll(gate.url, 'GATE').replaceAll(cwd, 'FOLDER')}\n`
}

/** Reads may be sent at the same time. */
function inOrder(lines: string[]): string[] {
  return lines.every((line) => line.startsWith('GET')) ? lines.sort() : lines
}

/** Without what differs from run to run, and with documents by the names of their files. */
function withoutChance(text: string): string {
  return text
    .replace(/"waitedMs":\d+/, '"waitedMs":0')
    .replace(/^err│ +\d+\.\d s /gm, 'err│     0.1 s ')
    .replaceAll(JSON.stringify(JSON.stringify(NEXT)), '<next.json>')
    .replaceAll(JSON.stringify(`${JSON.stringify(DOCUMENT)}\n`), '<gate.json>')
}

/** JSON on one line. */
function compact(text: string): string {
  return text.startsWith('{\n  "') && text.endsWith('\n}\n') ? `${JSON.stringify(JSON.parse(text))}\n` : text
}

function labelled(label: string, text: string): string[] {
  if (text === '') return []
  const ending = text.endsWith('\n') ? [] : [`${label}│ (no end of line)`]
  return [
    ...text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${label}│ ${line}`.trimEnd()),
    ...ending,
  ]
}

/** Words of a line; what is between single quotes is one. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** A folder with documents good and bad. */
export async function folder(): Promise<string> {
  const cwd = await emptyFolder()
  const texts = Object.entries(FILES).map(([name, value]) => [name, JSON.stringify(value)] as const)
  await Promise.all([
    ...texts.map(([name, text]) => writeFile(join(cwd, name), text)),
    mkdir(join(cwd, 'sub')),
  ])
  return cwd
}

/** The file that a command was told to write. */
async function written(cwd: string): Promise<string[]> {
  const text = await readFile(join(cwd, 'out.json'), 'utf8').catch(() => undefined)
  return text === undefined ? [] : labelled('out.json', text)
}

import { createHash } from 'node:crypto'
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { changeWords } from '../../core/config/document-words.ts'
import { jsonOf, withoutByteOrderMark } from '../../core/json-object.ts'
import type { Call, CliCommand } from '../base/command.ts'

export const pull: CliCommand = {
  name: 'pull',
  group: 'Document',
  summary: 'Download the document in force',
  details:
    'A file that has what no version of the gate has, such as an edit that was refused, is kept as FILE.bak; the command shows what of it goes, and asks first.',
  arguments: [
    { name: '[file]', summary: 'write to this file instead of standard output', completes: 'files' },
  ],
  options: [
    { flags: '--force', summary: 'do not ask before a local edit goes; the copy is kept all the same' },
  ],
  examples: [
    ['pull gate.json', 'the document of the gate'],
    ['pull gate.json --force', 'also over a local edit, which stays in gate.json.bak'],
  ],
  async run(call) {
    const found = await call.ask('getDocument')
    const [file] = call.args
    if (file === undefined) return { json: found, text: found.text, isFile: true }
    const path = resolve(call.terminal.cwd, file)
    const backup = await keptEdit(call, { file, path, inForce: found.text })
    await writeFile(path, found.text)
    const { version, hash } = found
    const kept = backup === undefined ? '' : `; what it had is in ${backup}`
    return {
      json: { file, version, hash, ...(backup !== undefined && { backup }) },
      text: `wrote version ${version} to ${file}${kept}`,
    }
  },
}

type Target = { file: string; path: string; inForce: string }

/** The name of the copy of a local edit, once the user has agreed; undefined where nothing is lost. */
async function keptEdit(call: Call, { file, path, inForce }: Target): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined || text.trim() === '' || (await isVersion(call, text, inForce))) return undefined
  call.tell(`${file} has what no version of the gate has:`)
  for (const line of lostLines(inForce, text)) call.tell(`  ${line}`)
  if (!call.options.has('force')) await call.confirm(`Overwrite ${file}? A copy stays beside it.`)
  const backup = await freeName(file, call.terminal.cwd)
  await copyFile(path, resolve(call.terminal.cwd, backup))
  return backup
}

/** Whether the history has the text: then nothing of it can be lost. */
async function isVersion({ ask }: Call, text: string, inForce: string): Promise<boolean> {
  if (text === inForce) return true
  const { versions } = await ask('listVersions', { query: { limit: '1000' } })
  const hashes = [text, withoutByteOrderMark(text)].map((each) =>
    createHash('sha256').update(each).digest('hex'),
  )
  return versions.some(({ hash }) => hashes.includes(hash))
}

/** What the file has otherwise than the gate, in words; of what is no document only that. */
function lostLines(inForce: string, text: string): string[] {
  try {
    const words = changeWords(jsonOf(inForce), jsonOf(withoutByteOrderMark(text)))
    return words.length > 0 ? words : ['the same document, written otherwise']
  } catch {
    return ['it is not JSON']
  }
}

/** `gate.json.bak`, or with a number where there are such copies. */
async function freeName(file: string, cwd: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${file}.bak${number === 1 ? '' : number}`
    if ((await stat(resolve(cwd, name)).catch(() => undefined)) === undefined) return name
  }
}

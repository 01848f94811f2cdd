/** Parts of documentation pages that a command writes: all between `<!-- NAME -->` and `<!-- /NAME -->`. */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'

/** Puts a text in the place of what stood between the marks. Throws where the page has none. */
export async function writeSection(page: string, name: string, text: string): Promise<void> {
  const file = resolve(PROJECT_ROOT, page)
  const before = await readFile(file, 'utf8')
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [before.indexOf(start), before.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error(`Cannot write ${page}: it has no part between ${start} and ${end}`)
  await writeFile(file, `${before.slice(0, from + start.length)}\n${text.trim()}\n${before.slice(to)}`)
}

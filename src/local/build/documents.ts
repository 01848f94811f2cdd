import { readFile } from 'node:fs/promises'
import { withoutByteOrderMark } from '../../core/json-object.ts'

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
}

/** A file's text; a failure says which file and why. */
export async function readText(path: string): Promise<string> {
  try {
    return withoutByteOrderMark(await readFile(path, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(`Cannot read ${path}: ${READ_ERRORS[code] ?? code}`)
  }
}

/** The document with other URLs for some of its origins; unknown names are left out. */
export function withOriginUrls(text: string, urls: Readonly<Record<string, string | undefined>>): string {
  const document = JSON.parse(text) as { origins?: Record<string, { url: string }> }
  for (const [name, url] of Object.entries(urls)) {
    const origin = document.origins?.[name]
    if (origin && url !== undefined) origin.url = url
  }
  return JSON.stringify(document, null, 2)
}

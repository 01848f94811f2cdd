/**
 * Names that only one build of an app has, whatever its code does: assets named by their content, and ids of builds. Control
 * agrees with itself about them, so they are no noise that could be learned; two builds of one code differ in nothing else.
 */

import type { FieldList, Steps } from './fields.ts'

/** A file that a page loads to work. */
const ASSET = /\.(?:m?js|css|map|woff2?|ttf|wasm|json|svg|png|jpe?g|webp|avif|ico)$/i
/** Where common tools put files whose names are up to the build. */
const FOLDERS =
  /^(.*\/(?:_next\/static|_app\/immutable|_nuxt|_astro|_build|assets|build|static\/(?:js|css|media|chunks)))\/./
/** Names such as `main-3f2a9c1b`, `index-BkT3x9aQ`, `4bd1b696`; a word has neither digits nor mixed letters. */
const MADE = /^(?=\D*\d|[^a-z]*[a-z][^A-Z]*[A-Z]|[^A-Z]*[A-Z][^a-z]*[a-z])[\w~-]{8,}$/
/** Paths and words in code, whole: looking for a name from each of their characters takes seconds of a long one. */
const WORD = /(?:\/?[\w@~.-]){7,}/g
/** A file that code loads, at the beginning of a word. */
const FILE = /^.*\.(?:m?js|css|map|woff2?)\b/
/** What may be an id in the rest of a word. */
const ID = /[\w-]{16,}|\b[\da-f]{7,}\b/g
/** As git writes commits: short ones are not long enough for other rules. */
const COMMIT = /^(?=.*\d)(?=.*[a-f])[\da-f]{7,}$/
/** Code up to an end of no name. */
const PIECE = /[\s\S]{1,4096}[\w@~./-]*/g
const MASK = '…'

/** The address of an asset, without what only this build calls it. */
export function withoutBuildNames(address: string): string {
  const [path = '', query] = address.split(/[?#]/, 2)
  if (!ASSET.test(path)) return address
  const [, folder] = FOLDERS.exec(path) ?? []
  if (folder !== undefined) return `${folder}/${MASK}${path.slice(path.lastIndexOf('.'))}`
  const names = path.split('/').map((segment) =>
    segment
      .split('.')
      .map((name) => (MADE.test(name) ? MASK : name))
      .join('.'),
  )
  // `?v=3f2a9c1b` is another way to name a build.
  return names.join('/') + (query === undefined ? '' : `?${MASK}`)
}

/** A script, or what a framework writes for itself, without addresses of assets and ids that only this build has. */
export function withoutBuildIds(code: string): string {
  return code.replace(WORD, (word) => {
    const [file = ''] = FILE.exec(word) ?? []
    const rest = word.slice(file.length)
    return withoutBuildNames(file) + rest.replace(ID, (id) => (MADE.test(id) || COMMIT.test(id) ? MASK : id))
  })
}

/** The same of a long one, in steps. */
export function* withoutBuildIdsInSteps(code: string, fields: FieldList): Steps<string> {
  let read = ''
  for (const [piece] of code.matchAll(PIECE)) {
    read += withoutBuildIds(piece)
    fields.spend(piece.length)
    if (fields.isStep()) yield
  }
  return read
}

/** Whether an address is one that only a single build has: another is right to know nothing of it. */
export function isOfOneBuild(path: string): boolean {
  return path.endsWith('/__manifest') || (ASSET.test(path) && withoutBuildNames(path) !== path)
}

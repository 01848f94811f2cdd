/** A rollout from one origin to another, as the document says it. Pure. */
import { isObject, type JsonObject } from '../../../core/json-object.ts'

export type RolloutDraft = {
  key: string
  /** The name of the origin that is new, and its URL; empty where the document has that origin already. */
  newOrigin: string
  newUrl: string
  /** The origin that serves these requests today. */
  control: string
  path: string
  flag: JsonObject
}

export const PRESETS = {
  careful: [
    { percentage: 1, bake: '30m' },
    { percentage: 5, bake: '2h' },
    { percentage: 25, bake: '12h' },
    { percentage: 50, bake: '1d', approval: true },
    { percentage: 100 },
  ],
  standard: [
    { percentage: 1, bake: '10m' },
    { percentage: 10, bake: '30m' },
    { percentage: 50, bake: '1h' },
    { percentage: 100 },
  ],
  fast: [{ percentage: 10, bake: '5m' }, { percentage: 50, bake: '10m' }, { percentage: 100 }],
} as const

export type Preset = keyof typeof PRESETS

export function newRollout(document: JsonObject): RolloutDraft {
  return {
    ...{ key: '', newOrigin: 'new', newUrl: '', path: '/*' },
    control: originNames(document)[0] ?? '',
    flag: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ name: 'canary', serve: 'on', stages: [...PRESETS.standard] }],
      guard: { errors: {}, latency: {} },
    },
  }
}

export function originNames({ origins }: JsonObject): string[] {
  return isObject(origins) ? Object.keys(origins) : []
}

/** The document with the rollout in it: the flag, the new origin, and a route that takes the place of one with the same path. */
export function documentWithRollout(document: JsonObject, draft: RolloutDraft): JsonObject {
  const { key, newOrigin, newUrl, control, path, flag } = draft
  const origins = isObject(document.origins) ? document.origins : {}
  const flags = isObject(document.flags) ? document.flags : {}
  const routes = Array.isArray(document.routes) ? document.routes : []
  const route = { path, flag: key, origins: { on: newOrigin, off: control } }
  const at = routes.findIndex((each) => isObject(each) && each.path === path && !each.host && !each.method)
  return {
    ...document,
    origins: newUrl === '' ? origins : { ...origins, [newOrigin]: { url: newUrl } },
    // The first route that fits decides: a new one comes before those that are more general.
    routes: at < 0 ? [route, ...routes] : routes.map((each, index) => (index === at ? route : each)),
    flags: { ...flags, [key]: flag },
  }
}

/** What is missing before anything can be checked; undefined when nothing is. */
export function missingIn(
  document: JsonObject,
  { key, newOrigin, newUrl, control, path }: RolloutDraft,
): string | undefined {
  const names = originNames(document)
  if (key === '') return 'Name the rollout.'
  if (isObject(document.flags) && Object.hasOwn(document.flags, key))
    return 'Choose another name: a flag has this one.'
  if (newOrigin === '') return 'Name the new origin.'
  if (newUrl === '' && !names.includes(newOrigin)) return 'Give the URL of the new origin.'
  if (newUrl !== '' && names.includes(newOrigin))
    return `Choose another name: there is an origin ${newOrigin}.`
  if (control === '') return 'Choose the origin that serves these requests today.'
  if (control === newOrigin) return 'The new origin must be another one than that of today.'
  return path.startsWith('/') ? undefined : 'The path must begin with a slash.'
}

/**
 * A release as an edit of the document: an origin of the flag's canary becomes another version of the app. Where the
 * release before has finished, that one is what visitors have by now, so it becomes control, under its own name.
 */
import { meant } from '../../core/config/parse/problems.ts'
import { isObject } from '../../core/json-object.ts'
import { Refusal, UsageError } from '../base/errors.ts'

type Json = Record<string, unknown>

/** What an origin becomes: `url`, or `binding` for a service binding of the gate's Worker. */
export type Target = { url: string } | { binding: string }

export type ReleaseEdit = {
  document: Json
  /** What the document says of the canary's origins now. */
  origins: Readonly<Record<string, Target>>
  /** What an operator should know, in one sentence each. */
  notes: string[]
}

/** The name of the origin that has what visitors had before this release. */
const previousOf = (origin: string) => `${origin}-previous`

/**
 * Reads `https://…` or `binding:NAME`.
 *
 * @throws UsageError for anything else
 */
export function targetOf(option: string, text: string): Target {
  const binding = /^binding:([A-Za-z_]\w*)$/.exec(text)?.[1]
  if (binding !== undefined) return { binding }
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return { url: text }
  throw new UsageError(
    `--origin ${option}=${text} must name a URL (https://…) or a binding of the Worker (binding:NAME)`,
  )
}

/**
 * The document with the flag's origins on their new targets.
 *
 * @param finished whether the release before has reached all visitors
 * @throws Refusal where the flag does not lead to such an origin
 * @example releaseEdit(document, 'new-shop', { new: { url: 'https://v2.example.com' } }, { finished: true })
 */
export function releaseEdit(
  document: Json,
  flag: string,
  targets: Readonly<Record<string, Target>>,
  { finished }: { finished: boolean },
): ReleaseEdit {
  const edited = structuredClone(document)
  const origins = recordOf(edited.origins)
  const routes = Array.isArray(edited.routes) ? edited.routes.filter(isObject) : []
  const definition = recordOf(recordOf(edited.flags)[flag])
  if (Object.keys(definition).length === 0) {
    const hint = meant(flag, Object.keys(recordOf(edited.flags)))
    throw new Refusal(`The document has no flag ${flag}${hint}`)
  }
  const off = String(definition.off)
  const own = routes.filter((route) => route.flag === flag)
  const canaries = canariesOf(own, off)
  const notes: string[] = []
  for (const [name, target] of Object.entries(targets)) {
    refuseUnknown(name, flag, origins, canaries)
    const before = recordOf(origins[name])
    const control = previousOf(name)
    if (finished && !isSameTarget(before, target) && !Object.hasOwn(targets, control)) {
      origins[control] = before
      for (const route of own) leadBack(route, name, { off, control })
      notes.push(`control is ${control} now: ${targetText(before)}, what all visitors have had`)
    }
    origins[name] = withTarget(before, target)
    const stable = own
      .map((route) => recordOf(route.origins)[off])
      .find((each) => each !== name && isSameTarget(recordOf(origins[String(each)]), target))
    if (stable !== undefined)
      notes.push(
        `warning: ${targetText(target)} is where control, ${String(stable)}, is: nothing is compared`,
      )
    notes.push(...sharersOf(routes, edited, flag, name))
  }
  return { document: edited, origins: targets, notes }
}

/** Origins that a flag's routes lead its canary to. */
function canariesOf(routes: readonly Json[], off: string): Set<string> {
  const names = routes.flatMap((route) =>
    Object.entries(recordOf(route.origins))
      .filter(([variant]) => variant !== off)
      .map(([, origin]) => String(origin)),
  )
  return new Set(names)
}

function refuseUnknown(name: string, flag: string, origins: Json, canaries: ReadonlySet<string>): void {
  const known = (names: Iterable<string>) => [...names].join(', ') || 'none'
  if (!Object.hasOwn(origins, name))
    throw new Refusal(`The document has no origin ${name}; it has ${known(Object.keys(origins))}`)
  if (!canaries.has(name))
    throw new Refusal(`${flag} does not lead its canary to ${name}, but to ${known(canaries)}`)
}

/** Those whom the flag turns away get what they had. */
function leadBack(route: Json, name: string, { off, control }: { off: string; control: string }): void {
  const chosen = recordOf(route.origins)
  if (Object.values(chosen).includes(name)) route.origins = { ...chosen, [off]: control }
}

function withTarget({ url: _, binding: __, ...rest }: Json, target: Target): Json {
  return { ...target, ...rest }
}

function isSameTarget(origin: Json, target: Target): boolean {
  return 'url' in target
    ? origin.url === target.url && origin.binding === undefined
    : origin.binding === target.binding
}

/** Who else gets the new version, without being judged by this flag. */
function sharersOf(routes: readonly Json[], { defaultOrigin }: Json, flag: string, name: string): string[] {
  const plain = routes.filter((route) => route.origin === name).map(({ path }) => `route ${String(path)}`)
  const flags = routes
    .filter((route) => route.flag !== flag && Object.values(recordOf(route.origins)).includes(name))
    .map((route) => `flag ${String(route.flag)}`)
  const sharers = [...new Set([...plain, ...flags, ...(defaultOrigin === name ? ['defaultOrigin'] : [])])]
  return sharers.map(
    (sharer) => `warning: ${sharer} leads to ${name} as well, and gets the new version with it`,
  )
}

export function targetText({ url, binding }: { url?: unknown; binding?: unknown }): string {
  return binding === undefined ? String(url) : `binding ${String(binding)}`
}

function recordOf(value: unknown): Json {
  return isObject(value) ? value : {}
}

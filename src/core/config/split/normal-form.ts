/**
 * A split in its normal form, by which two spellings of one meaning are the same. The state names splits as documents write them,
 * also those of the releases before: only the Controller, which has both documents, compares what they mean.
 */
import { canonicalHost, compilePath } from '../routes/route-pattern.ts'
import { asList, type FlagConfig, type SourceConfig } from '../schema/document.ts'
import { canonical, normalisedAttribute, plainText } from './canonical.ts'
import { type SplitSurroundings, splitOf } from './split.ts'

/** The digest of what a flag's split means, however it is spelled. */
export function meaningOf(
  key: string,
  flag: FlagConfig,
  { context, origins, routes }: SplitSurroundings,
): string {
  const rules = flag.rules.map((rule) => {
    const when = rule.when.map((each) => ({ ...each, attribute: normalisedAttribute(each.attribute) }))
    return { ...rule, when: when.sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) }
  })
  // Of thousands of origins and attributes a split is about few.
  const asked = rules.flatMap(({ when }) => when.map(({ attribute }) => attribute))
  const named = routes.flatMap((route) => Object.values(route.origins ?? {}))
  return splitOf(
    key,
    { ...flag, rules, variants: mapped(flag.variants, plainText) },
    {
      context: {
        targetingKey: normalSources(context.targetingKey),
        attributes: mapped(picked(context.attributes, asked), normalSources),
      },
      origins: mapped(picked(origins, named), (origin) => ({ ...origin, url: normalUrl(origin.url ?? '') })),
      routes: routes.map((route) => ({
        ...route,
        host: asList(route.host)?.map(canonicalHost).sort(),
        method: asList(route.method)
          ?.map((method) => method.toUpperCase())
          .sort(),
        path: compilePath(route.path).text,
      })),
    },
  )
}

/** Sources in one spelling: a list, with headers in small letters. */
export function normalSources(sources: SplitSurroundings['context']['targetingKey']): SourceConfig[] {
  return (asList(sources) ?? []).map((source) => ({
    ...source,
    ...(source.header && { header: source.header.toLowerCase() }),
  }))
}

/** As URL parsers read it: the host in small letters, without the scheme's own port, and "/" for no path. */
function normalUrl(url: string): string {
  return url
    .replace(/^[^/]+\/\/[^/]+/, (site) =>
      site.toLowerCase().replace(/^(http:.*):80$|^(https:.*):443$/, '$1$2'),
    )
    .replace(/\/$/, '')
}

function picked<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const found = [...new Set(names)].filter((name) => Object.hasOwn(all, name))
  return Object.fromEntries(found.map((name) => [name, all[name] as T]))
}

function mapped<T, U>(all: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, change(value)]))
}

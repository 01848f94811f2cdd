/** How the origins of a document are reached from a Worker with that wrangler.toml: bindings, and the gate's own hosts. */
import type { GateDocument } from '../../core/config/schema/document.ts'
import { type Finding, fault, ok } from './finding.ts'
import type { GateToml, Route } from './gate-toml.ts'

/** A fault for each origin that the gate could not reach, and a word about those on its own routes. */
export function originsByToml(toml: GateToml, { origins }: Pick<GateDocument, 'origins'>): Finding[] {
  const bound = boundIn(toml)
  const routes = routesIn(toml)
  return Object.entries(origins).flatMap(([name, { url, binding }]) => {
    const about = `origin ${name}`
    if (binding !== undefined)
      return bound.has(binding)
        ? []
        : [
            fault(
              about,
              `wrangler.toml has no binding ${binding}: the gate could not reach it`,
              `add [[services]] with binding = "${binding}" and service = the name of its Worker`,
            ),
          ]
    const host = URL.parse(url ?? '')?.hostname
    const own = host === undefined ? undefined : routes.find(({ hosts }) => hosts.test(host))
    return own === undefined ? [] : [onOwnHost(about, String(url), own)]
  })
}

function onOwnHost(about: string, url: string, { pattern, isCustomDomain }: OwnRoute): Finding {
  return isCustomDomain
    ? fault(
        about,
        `${url} is the gate's own custom domain, which has no server behind it`,
        'give the origin another name, or use a route (docs/deploying.md)',
      )
    : ok(
        about,
        `${url} is on the gate's own route ${pattern}: the gate fetches it from the server of the DNS record, which must be proxied`,
      )
}

type OwnRoute = { pattern: string; isCustomDomain: boolean; hosts: RegExp }

/** Custom domains first: one that is also under a wildcard route is a custom domain all the same. */
function routesIn({ routes, route }: GateToml): OwnRoute[] {
  const all: unknown[] = [...(Array.isArray(routes) ? routes : []), ...(route === undefined ? [] : [route])]
  const own = all.flatMap((each) => {
    const { pattern, custom_domain: isCustomDomain = false } =
      typeof each === 'string' ? { pattern: each } : ((each ?? {}) as Exclude<Route, string>)
    return pattern === undefined ? [] : [{ pattern, isCustomDomain, hosts: hostsOf(pattern) }]
  })
  return own.toSorted((a, b) => Number(b.isCustomDomain) - Number(a.isCustomDomain))
}

/** The hosts of a pattern such as `*.example.com/*`: a star at the start stands for any text. */
function hostsOf(pattern: string): RegExp {
  const [host = ''] = pattern.replace(/^(?:https?|\*):\/\//, '').split(/[/:]/)
  return new RegExp(`^${host.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i')
}

/** Names of all bindings that can fetch. */
function boundIn(toml: GateToml): Set<string | undefined> {
  const {
    services = [],
    vpc_services: vpc = [],
    vpc_networks: networks = [],
    mtls_certificates: tls = [],
  } = toml
  return new Set([...services, ...vpc, ...networks, ...tls].map(({ binding }) => binding))
}

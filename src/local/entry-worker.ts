/**
 * What stands between the port and the gate on this machine. Miniflare's own entry can't: it answers 500 to a Host that
 * makes no URL, takes `MF-*` headers from visitors, and replaces their Accept-Encoding. This Worker hands each request
 * on as the platform would: with `request.cf` of this machine, the address of the connection, and an id by which logs
 * name the request.
 */

/** The name of its binding to the gate. */
export const GATE_BINDING = 'GATE'

/** Not a colo of Cloudflare: what visitors say of themselves is believed as little as elsewhere off it. */
const CF = { colo: 'local' }

export const ENTRY_WORKER = `
const CF = ${JSON.stringify(CF)}
const badRequest = () => new Response('Bad Request\\n', { status: 400 })

/** "[::1]:5000" and "127.0.0.1:5000" without port and brackets; the runtime does not always tell: then it is this machine. */
const addressOf = (client) => /^\\[?(.*?)\\]?:\\d+$/.exec(client ?? '')?.[1] ?? '127.0.0.1'

export default {
  async fetch(request, env) {
    let url
    try {
      // OPTIONS * comes as "http://host:port*".
      url = new URL(request.url.replace(/^([^/]*\\/\\/[^/?#]*)\\*$/, '$1/'))
    } catch {
      return badRequest()
    }
    const address = addressOf(request.cf?.clientIp)
    const passed = new Request(url, new Request(request, { cf: CF }))
    if (!passed.headers.has('CF-Connecting-IP')) passed.headers.set('CF-Connecting-IP', address)
    if (!passed.headers.has('CF-Ray'))
      passed.headers.set('CF-Ray', crypto.randomUUID().replaceAll('-', '').slice(0, 16) + '-LOCAL')
    try {
      return await env.${GATE_BINDING}.fetch(passed)
    } catch (error) {
      // Bindings take fewer characters in a host than URLs do: neither a comma nor an apostrophe.
      if (String(error).includes('Fetch API cannot load')) return badRequest()
      throw error
    }
  },
}
`

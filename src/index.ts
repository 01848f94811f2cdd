/** The Worker: what the gate answers itself, and everything else through the gate. Nothing imports this file. */
import { createEndpoints } from './api/endpoints.ts'
import { createGate } from './gate/gate.ts'
import { bundledDocument } from './platform/bundled-document.ts'
import type { Env } from './platform/env.ts'

export { Controller } from './durable/controller/controller.ts'
export { Counters } from './durable/counters/counters.ts'

const gate = createGate({ bundled: bundledDocument })

const app = createEndpoints(gate)

const OWN_PATH = /^[a-z]+:\/\/[^/]+\/__sluice(?:[/?#]|$)/

// What goes to an origin takes the short way: a router would only be in it.
export default {
  fetch(request, env, ctx) {
    const { url } = request
    return OWN_PATH.test(url) ? app.fetch(request, env, ctx) : gate.handle(request, env, ctx)
  },
} satisfies ExportedHandler<Env>

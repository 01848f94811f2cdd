/** A gate whose evaluator is broken: each decision throws. */

import { createGate } from '../../../src/gate/gate.ts'
import { bundledDocument } from '../../../src/platform/bundled-document.ts'

export { Controller } from '../../../src/durable/controller/controller.ts'
export { Counters } from '../../../src/durable/counters/counters.ts'

const gate = createGate({
  bundled: bundledDocument,
  evaluate: () => {
    throw new Error('the evaluator is broken, as the test wants it')
  },
})

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === '/__sluice/health') return new Response('ok')
    return gate.handle(request, env, ctx)
  },
}

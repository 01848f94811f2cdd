/** A gate whose evaluator is broken: each decision throws. */
import { bundledDocument } from '../../../src/bundled.ts'
import { createGate } from '../../../src/edge/gate.ts'

export { Controller } from '../../../src/durable/controller.ts'
export { Counters } from '../../../src/durable/counters.ts'

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

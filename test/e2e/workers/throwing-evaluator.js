/** A gate whose evaluator is broken: each decision throws. */

import { createEndpoints } from '../../../src/api/endpoints.ts'
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
const endpoints = createEndpoints(gate)

export default {
  fetch(request, env, ctx) {
    const isOwn = new URL(request.url).pathname.startsWith('/__sluice/')
    return isOwn ? endpoints.fetch(request, env, ctx) : gate.handle(request, env, ctx)
  },
}

/** The gate's Durable Objects, to be exported by the Worker that has the gate inside. */
export { Controller } from '../../durable/controller/controller.ts'
export { Counters } from '../../durable/counters/counters.ts'

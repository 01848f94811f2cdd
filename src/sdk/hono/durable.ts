/** `sluice/durable`: the gate's Durable Objects, to be exported by the Worker that has the gate inside. */
import type { DurableObject } from 'cloudflare:workers'
import { Controller as ControllerObject } from '../../durable/controller/controller.ts'
import { Counters as CountersObject } from '../../durable/counters/counters.ts'

/** Their methods are between them and the gate, so these types leave them out. */
type DurableObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject

/** One per gate: judges rollouts, keeps versions, kills and the audit log. Bind it as CONTROLLER. */
export const Controller: DurableObjectClass = ControllerObject
export type Controller = DurableObject

/** Adds up outcomes, one per location. Bind it as COUNTERS. */
export const Counters: DurableObjectClass = CountersObject
export type Counters = DurableObject

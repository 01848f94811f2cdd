/** An env whose Controller and KV are in the hands of a test. */
import type { LiveConfig } from '../../../src/gate/config/live-config.ts'
import { createGate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { FakeKv } from './parts.ts'

/** `controller` has the methods that the test expects to be called; any other throws. */
export function envWith(controller: object, more: object = {}): Env {
  return {
    GATE: new FakeKv(),
    CONTROLLER: { idFromName: (name: string) => name, get: () => controller },
    ...more,
  } as unknown as Env
}

export const liveWith = (document: object): LiveConfig => createGate({ bundled: document }).live

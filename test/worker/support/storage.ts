/** Storage of a Durable Object that no other test uses, for what keeps its memory there. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Runs work with an empty storage. */
export async function withStorage<T>(work: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
  const stub = env.COUNTERS.get(env.COUNTERS.newUniqueId()) as unknown as DurableObjectStub
  return await runInDurableObject(stub, async (_, { storage }) => await work(storage))
}

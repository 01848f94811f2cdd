/** The processes beside the gate: whatever they do, they do on processors of their own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type Copies = { count: number; lastAtMs: number }
export type Origins = { old: string; new: string; copies(): Promise<Copies>; close(): void }

export async function startOrigins(bytes: number, canary: 'answers' | 'hangs'): Promise<Origins> {
  const child = start('origins', [`${bytes}`, canary])
  const urls = (await told(child)) as { old: string; new: string }
  return {
    ...urls,
    copies: async () => {
      const reply = told(child)
      child.send('copies?')
      return (await reply) as Copies
    },
    close: () => void child.kill(),
  }
}

/** Asks origins as copies would, so many times a second as it is told. */
export function startAsker(origins: Origins): { ask(perSecond: number): void; close(): void } {
  const child = start('asker', [origins.old, origins.new])
  return { ask: (perSecond) => void child.send(perSecond), close: () => void child.kill() }
}

function start(program: string, args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url)), args)
}

async function told(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message')
  return message
}

/** What the gate is measured against: the least that a Worker in front of an origin can be. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/local/free-port.ts'
import { CF_HEADER } from './plain-workerd.ts'
import { compatibility, runWorkerd } from './workerd-process.ts'

export type Passthrough = { url: string; pid: number; close(): Promise<void> }

const passthroughWorker = (origin: URL) => `export default {
  async fetch(request) {
    const url = new URL(request.url)
    url.protocol = '${origin.protocol}'
    url.host = '${origin.host}'
    return fetch(new Request(url, request), { redirect: 'manual' })
  },
}
`

/** Starts a passthrough Worker, the bare one unless told otherwise, in plain workerd, with the runtime's settings of the gate. */
export async function startPassthrough(
  originUrl: string,
  worker = passthroughWorker(new URL(originUrl)),
): Promise<Passthrough> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-passthrough-'))
  const port = await freePort()
  const { compatibility_date: date, compatibility_flags: flags } = await compatibility()
  await writeFile(join(folder, 'worker.js'), worker)
  await writeFile(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "passthrough", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "${date}",
      compatibilityFlags = ${JSON.stringify(flags)},
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "entry", address = "127.0.0.1:${port}", http = (cfBlobHeader = "${CF_HEADER}"), service = "passthrough")],
);
`,
  )
  const url = `http://127.0.0.1:${port}`
  const running = await runWorkerd(join(folder, 'config.capnp'), [url])
  const close = async () => {
    await running.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { url, pid: running.pid, close }
}

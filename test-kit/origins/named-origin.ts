/** An origin that says who it is. */
import { type Origin, startLocalOrigin } from './local-origin.ts'

export const startNamedOrigin = (name: string): Promise<Origin> =>
  startLocalOrigin((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(name)
  })

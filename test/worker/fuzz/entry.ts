/** The Worker of `npm run fuzz`: `/?target=cookies&seed=1&inputs=2000` gives the gate so many inputs. */
import { TARGETS } from './targets.ts'
import { standAsOrigin } from './visits.ts'

export { Controller, Counters } from '../../../src/index.ts'

standAsOrigin()

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/__sluice/health') return new Response()
    const name = searchParams.get('target')
    if (name === null) return Response.json(TARGETS.map((target) => target.name))
    const chosen = TARGETS.find((target) => target.name === name)
    const [seed, inputs] = [Number(searchParams.get('seed')), Number(searchParams.get('inputs'))]
    try {
      return Response.json(await chosen?.run({ seed, inputs }))
    } catch (error) {
      const { message, cause } = error as Error
      return Response.json({ failure: `${message}\n${cause}` })
    }
  },
} satisfies ExportedHandler

/** The bare passthrough Worker by way of Hono's router. */
import { Hono } from 'hono'

declare const ORIGIN_HOST: string

const app = new Hono()
app.all('*', async (c) => {
  const url = new URL(c.req.url)
  url.host = ORIGIN_HOST
  return await fetch(new Request(url, c.req.raw), { redirect: 'manual' })
})

export default app

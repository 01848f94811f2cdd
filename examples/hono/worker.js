// A Hono Worker with the gate inside: what a handler asks for counts by how the request ends.
import { Hono } from 'hono'
import { sluice } from 'sluice/hono'

export { Controller, Counters } from 'sluice/durable'

const app = new Hono()
app.use(sluice())

app.get('/', (c) => c.text(c.var.flags.isOn('new-greeting') ? 'Hello, nice to see you' : 'Hello'))

export default app

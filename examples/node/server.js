// An app behind the gate, with OpenFeature's server SDK: the flag that routed a request is read from its headers.
import { createServer } from 'node:http'
import { OpenFeature } from '@openfeature/server-sdk'
import { gateContext, SluiceProvider } from 'sluice/openfeature'

const { GATE_URL = 'http://127.0.0.1:8787', PORT = '3000', SLUICE_ORIGIN_KEY } = process.env

await OpenFeature.setProviderAndWait(new SluiceProvider({ url: GATE_URL, signingKey: SLUICE_ORIGIN_KEY }))
const flags = OpenFeature.getClient()

createServer(async (request, response) => {
  const visitor = gateContext(request.headers)
  const isNew = await flags.getBooleanValue('new-greeting', false, visitor)
  const colour = await flags.getStringValue('colour', 'black', visitor)
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(`<h1 style="color: ${colour}">${isNew ? 'Hello, nice to see you' : 'Hello'}</h1>`)
}).listen(Number(PORT), '127.0.0.1')

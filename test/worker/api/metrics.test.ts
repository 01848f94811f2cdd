import { expect, it } from 'vitest'
import { ADMIN_TOKEN, GATE_URL, gate } from '../support/admin.ts'

function scrape(token: string | undefined): Promise<Response> {
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` })
  return gate.fetch(`${GATE_URL}/__sluice/metrics`, { headers })
}

it('metrics are for every holder of a token, one line per value, in the format of Prometheus', async () => {
  expect((await scrape(undefined)).status).toBe(401)
  const response = await scrape(ADMIN_TOKEN)
  expect(response.headers.get('content-type')).toContain('version=0.0.4')
  const text = await response.text()
  expect(text).toContain('sluice_flag_state{flag="new-shop",state="open"} 1\n')
  expect(text).toMatch(/^# TYPE sluice_requests_total counter$/m)
  expect(text).toMatch(/^# TYPE sluice_internal_errors_total counter$/m)
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? -?[\d.]+(e[-+]?\d+)?)$/)
  }
})

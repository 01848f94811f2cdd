import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import openApi from '../../config/openapi.json' with { type: 'json' }
import { requestSchemas } from '../../src/contract/requests.ts'
import { type Answer, describedFetch, faultsOf, faultsOfAnswer, OPERATION_IDS } from './openapi.ts'

const { bodies: BODIES, queries: QUERIES } = requestSchemas()

const ME = { name: 'ada', role: 'viewer', environment: 'production', host: 'own' }
const answer = (parts: Partial<Answer>): Answer => ({
  method: 'GET',
  path: '/__sluice/api/v1/me',
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(ME),
  ...parts,
})
const problem = JSON.stringify({
  type: 'about:blank',
  title: 'Not Found',
  status: 404,
  detail: 'no such flag',
})

describe('answers held against the description', () => {
  it('are right when they are as described', () => {
    expect(faultsOf(answer({}))).toEqual([])
    const refusal = { status: 404, contentType: 'application/problem+json', body: problem }
    expect(faultsOf(answer(refusal))).toEqual([])
    expect(
      faultsOf(answer({ ...refusal, path: '/__sluice/api/v1/flags/a%2Fb/kill', method: 'POST' })),
    ).toEqual([])
    expect(faultsOf(answer({ ...refusal, path: '/__sluice/api/v1/nothing' }))).toEqual([])
  })

  it.each([
    ['a value of another kind', { body: JSON.stringify({ ...ME, role: 'king' }) }],
    ['a part that is missing', { body: JSON.stringify({ name: 'ada' }) }],
    ['a part too many', { body: JSON.stringify({ ...ME, more: 1 }) }],
    ['no JSON', { body: 'ada' }],
    ['another kind of content', { contentType: 'text/html' }],
    ['an error that is no problem details', { status: 500, contentType: 'application/json' }],
    ['a problem without detail', { status: 404, contentType: 'application/problem+json', body: '{}' }],
  ])('are wrong with %s', (_, parts) => {
    expect(faultsOf(answer(parts))).not.toEqual([])
  })

  it('are followed into shared parts', () => {
    const version = {
      version: 1,
      hash: 'x',
      at: '2026-11-21T08:00:00Z',
      actor: 'a',
      reason: '',
      source: 'api',
    }
    expect(faultsOfAnswer('listVersions', { current: 1, versions: [{ ...version, bytes: 1 }] })).toEqual([])
    expect(faultsOfAnswer('listVersions', { current: 1, versions: [version] })).not.toEqual([])
  })

  it('of a client that is watched end in an error, or in the list of what has been seen', async () => {
    const seen = new Set<string>()
    const url = 'http://gate.test/__sluice/api/v1/me'
    const good = describedFetch(async () => Response.json(ME), seen)
    expect(await (await good(url)).json()).toEqual(ME)
    expect([...seen]).toEqual(['whoAmI 200'])
    await expect(describedFetch(async () => Response.json({}))(url)).rejects.toThrow('not as described')
    expect((await describedFetch(async () => new Response('page'))('http://gate.test/')).status).toBe(200)
  })

  it('know every operation once', () => {
    expect(new Set(OPERATION_IDS).size).toBe(OPERATION_IDS.length)
    expect(OPERATION_IDS).toContain('commandFlag')
  })
})

describe('the description of what the API takes', () => {
  type Parameter = { name: string; in: string; schema: { type?: string; enum?: string[] } }
  type Operation = { operationId: string; parameters?: Parameter[]; requestBody?: { required: boolean } }
  const operations = Object.values(openApi.paths).flatMap((each) => Object.values(each) as Operation[])

  it('calls each parameter of a query by the kind that is taken', () => {
    const found = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters.filter((each) => each.in === 'query').map((each) => ({ operationId, ...each })),
    )
    expect(found.length).toBeGreaterThan(10)
    for (const { operationId, name, schema } of found) {
      const takes = (value: string) =>
        v.safeParse(QUERIES[operationId as keyof typeof QUERIES], { flag: 'f', [name]: value }).success
      const [number = '', text = ''] = schema.enum ?? ['7', 'text']
      expect([operationId, name, takes(number), takes(text), takes('neither of these')]).toEqual([
        operationId,
        name,
        true,
        schema.enum !== undefined || schema.type === 'string',
        schema.enum === undefined && schema.type === 'string',
      ])
    }
  })

  it('says of each body whether the operation can do without', () => {
    const found = operations.filter(({ requestBody }) => requestBody !== undefined)
    expect(found.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(BODIES).sort())
    for (const { operationId, requestBody } of found) {
      const isEnough = v.safeParse(BODIES[operationId as keyof typeof BODIES], {}).success
      expect([operationId, requestBody?.required]).toEqual([operationId, !isEnough])
    }
  })
})

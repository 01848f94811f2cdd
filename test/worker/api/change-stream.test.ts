import { describe, expect, it } from 'vitest'
import { changeStream } from '../../../src/api/flags/change-stream.ts'

const REFETCH = 'event: message\ndata: {"type":"refetchEvaluation"}'

/** The text of a stream until it ends, or until `isEnough`. */
async function read(stream: ReadableStream<Uint8Array>, isEnough = (_: string) => false): Promise<string> {
  let text = ''
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (isEnough(text)) break
  }
  return text
}

describe('the change stream', () => {
  it('says at once that something was missed, by what the client knows', async () => {
    const text = await read(
      changeStream(async () => '2', '1'),
      (so) => so.includes('data:'),
    )
    expect(text).toContain(`id: 2\n${REFETCH}`)
  })

  it('says each change once, and nothing while there is none', async () => {
    const revisions = ['1', '1', '2', '2', '2', '3']
    const text = await read(
      changeStream(async () => revisions.shift() ?? '3', undefined),
      (so) => so.includes('id: 3'),
    )
    expect(text.match(/^id: .*$/gm)).toEqual(['id: 1', 'id: 2', 'id: 3'])
    expect(text.split(REFETCH)).toHaveLength(3)
  })

  it('ends in time, so that the client connects again where it was', async () => {
    const text = await read(changeStream(async () => '1', undefined, 1_200))
    expect(text).toMatch(/^retry: \d+\nid: 1\n/)
    expect(text).not.toContain('data:')
  })

  it('ends with the gate failing', async () => {
    const broken = changeStream(() => Promise.reject(new Error('gone')), undefined)
    await expect(read(broken)).rejects.toThrow('gone')
  })
})

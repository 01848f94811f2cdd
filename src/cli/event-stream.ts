/** Server-sent events (WHATWG HTML, 9.2), as far as the gate uses them. */

export type StreamEvent = { event: string; data: string }

/** The events of a response, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = rest.replace(/\r\n?/g, '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = eventIn(block)
      if (event !== undefined) yield event
    }
  }
}

/** Undefined for a block without data, such as a comment that keeps the connection open. */
function eventIn(block: string): StreamEvent | undefined {
  const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? [])
  const data = fields.filter(([, name]) => name === 'data').map(([, , value]) => value ?? '')
  const event = fields.find(([, name]) => name === 'event')?.[2] ?? 'message'
  return data.length === 0 ? undefined : { event, data: data.join('\n') }
}

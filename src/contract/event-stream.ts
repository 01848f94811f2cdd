/** Reads the server-sent events of the gate (WHATWG HTML, 9.2). */

/** A `comment` keeps a silent connection open. */
export type StreamEvent = { event: string; data: string }

/** The events of a response, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  // Not every browser can iterate over a stream.
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      rest += decoder.decode(value, { stream: true })
      const blocks = rest.replace(/\r\n?/g, '\n').split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = eventIn(block)
        if (event !== undefined) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function eventIn(block: string): StreamEvent | undefined {
  const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? [])
  const data = fields.filter(([, name]) => name === 'data').map(([, , value]) => value ?? '')
  const event = fields.find(([, name]) => name === 'event')?.[2] ?? 'message'
  if (data.length > 0) return { event, data: data.join('\n') }
  return block.startsWith(':') ? { event: 'comment', data: '' } : undefined
}

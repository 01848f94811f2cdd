/**
 * A WebSocket that ends in the gate, which passes the messages on: only so can it close it. What this costs: the gate
 * answers pings itself, a visitor can't see that an origin has vanished without a code, and messages for a slow visitor
 * wait in the gate's memory, since the runtime has no way to slow an origin down.
 */

/** Stands for a close without a code, and can't be sent (RFC 6455, 7.4.1). */
const NO_CODE = 1005
/** What a visitor is told of an origin that has vanished. */
const BAD_GATEWAY = 1014

export type Relay = {
  /** For the response to the visitor. */
  visitor: WebSocket
  /** `closing`: one side has said goodbye. `closed`: both have, or one has vanished. */
  readonly state: 'open' | 'closing' | 'closed'
  /** Closes both sides. */
  close(code: number, reason: string): void
}

/** Accepts an origin's WebSocket, and passes messages and the way it is closed on in both directions. */
export function relayMessages(origin: WebSocket): Relay {
  const pair = new WebSocketPair()
  const near = pair[1]
  let goodbyes = 0
  let isBroken = false
  const link = (from: WebSocket, to: WebSocket) => {
    // The type of a message stays what it was.
    from.binaryType = 'arraybuffer'
    from.accept({ allowHalfOpen: true })
    from.addEventListener('message', ({ data }) => send(to, data))
    from.addEventListener('close', ({ code, reason, wasClean }) => {
      goodbyes++
      if (wasClean) closeWith(to, code, reason)
      else isBroken = true
      if (!wasClean && to === near) closeWith(near, BAD_GATEWAY, '')
    })
  }
  link(origin, near)
  link(near, origin)
  return {
    visitor: pair[0],
    get state() {
      if (isBroken || goodbyes === 2) return 'closed'
      return goodbyes === 1 ? 'closing' : 'open'
    },
    close: (code, reason) => {
      closeWith(near, code, reason)
      closeWith(origin, code, reason)
    },
  }
}

function send(to: WebSocket, data: ArrayBuffer | string): void {
  try {
    to.send(data)
  } catch {
    // The other side has gone; its close event is on the way.
  }
}

function closeWith(to: WebSocket, code: number, reason: string): void {
  try {
    if (code === NO_CODE) to.close()
    else to.close(code, reason)
  } catch {
    // Closed already.
  }
}

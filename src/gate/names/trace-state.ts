/**
 * W3C trace context. The gate exports no spans, so `traceparent` passes as it came: an origin's span keeps the parent that there
 * is. What the gate has decided is added to `tracestate`, where the origin's tracer finds it.
 */

/** Of one member; longer ones are left out. */
const LONGEST_VALUE = 256
const MOST_MEMBERS = 32
/** Of version 00 and later ones; ids of zeros only, and version ff, are not valid. */
const PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/

/** Whether a request takes part in a trace, or says so. */
export function isTraced(headers: { has(name: string): boolean }): boolean {
  return headers.has('traceparent') || headers.has('tracestate')
}

/**
 * Adds `sluice=new-checkout:on` to the trace state of a request that is traced, in place.
 *
 * @param flags `new-checkout=on;reason=split`, as origins get it
 */
export function extendTrace(headers: Headers, flags: string): void {
  const parent = headers.get('traceparent')
  const state = headers.get('tracestate')
  if (parent === null && state === null) return
  const member = parent !== null && PARENT.test(parent) ? memberOf(flags) : undefined
  const others = (state ?? '').split(',').map((each) => each.trim())
  // A visitor can't speak in the gate's name.
  const kept = others.filter((each) => each !== '' && !each.startsWith('sluice='))
  if (member === undefined && kept.length === others.length) return
  const members = member === undefined ? kept : [member, ...kept].slice(0, MOST_MEMBERS)
  if (members.length > 0) headers.set('tracestate', members.join(','))
  else headers.delete('tracestate')
}

function memberOf(flags: string): string | undefined {
  const value = flags.slice(0, flags.lastIndexOf(';reason=')).replace('=', ':')
  if (value === '' || value.length > LONGEST_VALUE || /[^!-+\--<>-~]/.test(value)) return undefined
  return `sluice=${value}`
}

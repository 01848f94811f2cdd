/**
 * W3C trace context. The gate exports no spans, so `traceparent` passes as it came: an origin's span keeps the parent that there
 * is. What the gate has decided is added to `tracestate`, where the origin's tracer finds it.
 */

/** Of one member; longer ones are left out. */
const LONGEST_VALUE = 256
const MOST_MEMBERS = 32

/**
 * Adds `sluice=new-checkout:on` to the trace state of a request that is traced, in place.
 *
 * @param flags `new-checkout=on;reason=split`, as origins get it
 */
export function extendTrace(headers: Headers, flags: string): void {
  if (!headers.has('traceparent')) return
  const value = flags.slice(0, flags.lastIndexOf(';reason=')).replace('=', ':')
  if (value === '' || value.length > LONGEST_VALUE || /[^!-+\--<>-~]/.test(value)) return
  const others = (headers.get('tracestate') ?? '').split(',').map((member) => member.trim())
  const kept = others.filter((member) => member !== '' && !member.startsWith('sluice='))
  headers.set('tracestate', [`sluice=${value}`, ...kept].slice(0, MOST_MEMBERS).join(','))
}

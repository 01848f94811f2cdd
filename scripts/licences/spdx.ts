/**
 * Whether an SPDX expression is met by allowed licences: one side of each OR, both sides of each AND.
 *
 * @example isAllowed('(MIT OR GPL-2.0-only)', ['MIT']) // true
 */
export function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const plain = expression.trim()
  const inner = /^\(([^()]*)\)$/.exec(plain)?.[1]
  if (inner !== undefined) return isAllowed(inner, allowed)
  const either = partsOf(plain, ' OR ')
  if (either.length > 1) return either.some((each) => isAllowed(each, allowed))
  const both = partsOf(plain, ' AND ')
  if (both.length > 1) return both.every((each) => isAllowed(each, allowed))
  return allowed.includes(plain)
}

/** Splits outside of brackets. */
function partsOf(text: string, separator: string): string[] {
  const parts = ['']
  for (const piece of text.split(separator)) {
    const last = parts.at(-1) ?? ''
    const isInside = (last.match(/\(/g)?.length ?? 0) > (last.match(/\)/g)?.length ?? 0)
    if (isInside) parts[parts.length - 1] = `${last}${separator}${piece}`
    else parts.push(piece)
  }
  return parts.slice(1)
}

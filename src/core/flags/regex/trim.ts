import type { Node } from './syntax.ts'

type Side = 'start' | 'end'

/**
 * A smaller pattern that occurs in the same texts. At either end of a pattern only the least number of repetitions
 * matters: a text with more of them has a match that starts later, or ends earlier. `[\w.-]{1,255}@` becomes `[\w.-]@`,
 * and `.*x` becomes `x`.
 */
export function trimmed(node: Node): Node {
  return trimmedAt(trimmedAt(node, 'start'), 'end')
}

function trimmedAt(node: Node, side: Side): Node {
  switch (node.kind) {
    case 'alternate':
      return { kind: 'alternate', options: node.options.map((option) => trimmedAt(option, side)) }
    case 'concat':
      return { kind: 'concat', parts: trimmedParts(node.parts, side) }
    case 'repeat':
      return node.min === 1 ? trimmedAt(node.node, side) : { ...node, max: node.min }
    default:
      return node
  }
}

/** A part of which nothing is left makes its neighbour the outermost one. */
function trimmedParts(parts: readonly Node[], side: Side): readonly Node[] {
  const isStart = side === 'start'
  const outermost = isStart ? parts[0] : parts.at(-1)
  if (outermost === undefined) return parts
  const rest = isStart ? parts.slice(1) : parts.slice(0, -1)
  const left = trimmedAt(outermost, side)
  if (isEmpty(left)) return trimmedParts(rest, side)
  return isStart ? [left, ...rest] : [...rest, left]
}

function isEmpty(node: Node): boolean {
  return (node.kind === 'repeat' && node.max === 0) || (node.kind === 'concat' && node.parts.every(isEmpty))
}

/** Where in a text a JSON path leads to. */
import { findNodeAtLocation, type Node, type ParseError, parseTree } from 'jsonc-parser'

export type Place = { line: number; column: number }

/**
 * Line and column, from 1, of a path such as `$.flags["new-checkout"].off`: of its key where it has one. A path that
 * leads nowhere is followed as far as it goes; the place of a text that is not JSON is its first error.
 */
export function placeOf(text: string, path: string): Place {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true })
  const first = errors[0]
  if (first !== undefined) return lineAndColumn(text, first.offset)
  if (root === undefined) return { line: 1, column: 1 }
  const keys = keysOf(path)
  for (let length = keys.length; length > 0; length--) {
    const node = findNodeAtLocation(root, keys.slice(0, length))
    if (node !== undefined) return lineAndColumn(text, offsetOf(node))
  }
  return lineAndColumn(text, root.offset)
}

/** A property starts at its key. */
function offsetOf(node: Node): number {
  return node.parent?.type === 'property' ? node.parent.offset : node.offset
}

/** The keys of a JSON path, as jsonPath of the core writes it. */
function keysOf(path: string): (string | number)[] {
  const steps = path.matchAll(/\.([A-Za-z_$][\w$]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)
  return [...steps].map(([, name, index, quoted]) => {
    if (name !== undefined) return name
    return index === undefined ? (JSON.parse(quoted ?? '""') as string) : Number(index)
  })
}

function lineAndColumn(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

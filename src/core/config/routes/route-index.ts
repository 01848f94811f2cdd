/**
 * An index of path patterns by segment, so that thousands of routes need not be asked one by one. A pattern in its
 * answer may match; one that is not can't.
 */
import { isOpenSegment } from './route-pattern.ts'

type Node = { literal: Map<string, Node>; open: Node | undefined; at: number[] }

export class RouteIndex {
  readonly #root = newNode()

  /** Adds a pattern under a number. */
  add(pattern: string, at: number): void {
    let node = this.#root
    for (const segment of wholeSegments(pattern)) node = childOf(node, segment)
    node.at.push(at)
  }

  /** Numbers of the patterns that may match, lowest first. */
  candidates(path: string): number[] {
    const found: number[] = []
    collect(this.#root, path.split('/'), 1, found)
    return found.sort((a, b) => a - b)
  }
}

/** The segments that a path must begin with, up to an open end. */
function wholeSegments(pattern: string): string[] {
  const fixed = pattern.endsWith('*') ? pattern.slice(0, pattern.lastIndexOf('/')) : pattern
  return fixed.split('/').slice(1)
}

function childOf(node: Node, segment: string): Node {
  if (isOpenSegment(segment)) {
    node.open ??= newNode()
    return node.open
  }
  let child = node.literal.get(segment)
  if (child === undefined) {
    child = newNode()
    node.literal.set(segment, child)
  }
  return child
}

function collect(node: Node, segments: readonly string[], depth: number, found: number[]): void {
  for (const at of node.at) found.push(at)
  const segment = segments[depth]
  if (segment === undefined) return
  const literal = node.literal.get(segment)
  if (literal !== undefined) collect(literal, segments, depth + 1, found)
  if (node.open !== undefined) collect(node.open, segments, depth + 1, found)
}

function newNode(): Node {
  return { literal: new Map(), open: undefined, at: [] }
}

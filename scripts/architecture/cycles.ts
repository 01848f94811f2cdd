import { resolveRelative } from './imports.ts'
import { at, type Import, type Problem, type SourceFile } from './source.ts'

/** Circles of imports at run time: the shortest through each file that no earlier one went through. */
export function cycles(root: string, files: readonly SourceFile[]): Problem[] {
  const edges = new Map<string, Map<string, Import>>()
  for (const { file, imports } of files) {
    const targets = new Map<string, Import>()
    for (const each of imports) {
      if (each.typeOnly || !each.specifier?.startsWith('.')) continue
      const target = resolveRelative(root, file, each.specifier)
      if (!targets.has(target)) targets.set(target, each)
    }
    edges.set(file, targets)
  }
  const reported = new Set<string>()
  return files.flatMap((source) => {
    const circle = reported.has(source.file) ? undefined : shortestCircle(edges, source.file)
    if (circle === undefined) return []
    for (const file of circle) reported.add(file)
    const start = edges.get(source.file)?.get(circle[1] ?? '')?.start ?? 0
    const found = `import cycle ${circle.join(' -> ')}`
    const fix = 'move what both need to a file of its own, or write `import type` where only types are used'
    return [at(source, start, { found, why: 'what works then depends on which file loads first', fix })]
  })
}

function shortestCircle(edges: Map<string, Map<string, Import>>, start: string): string[] | undefined {
  const queue = [[start]]
  const seen = new Set<string>()
  for (const trail of queue) {
    for (const next of edges.get(trail.at(-1) ?? start)?.keys() ?? []) {
      if (next === start) return [...trail, start]
      if (seen.has(next)) continue
      seen.add(next)
      queue.push([...trail, next])
    }
  }
  return undefined
}

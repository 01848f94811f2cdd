/**
 * Checks what no type can: which room may import which, that no files and no folders import each other in a cycle
 * (type-only imports count), that folders stay small, and that ARCHITECTURE.md shows the rules as they are. The purity
 * of `src/core` is Biome's part: see `overrides` in biome.json. Run as `node scripts/check-architecture.ts [root]`; one
 * problem a line, exit code 1.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { LONG_LISTS, MOST_FILES, ROOMS } from './architecture/rules.ts'
import { withRoomsTable } from './architecture/table.ts'

type Import = { specifier: string | undefined; isType: boolean; line: number }
type Source = { file: string; imports: Import[] }
type Graph = ReadonlyMap<string, ReadonlySet<string>>

const SOURCE = /\.[cm]?[jt]sx?$/
/** Sources are formatted by Biome: a statement begins its line, and a comment's line begins with an asterisk. */
const IMPORTS =
  /^(?:import|export)(?<type> type)? (?:[\w*{][^'"`;=()]*? from )?'(?<from>[^']+)'|^[^'"`\n]*\bimport\((?:\s*'(?<dynamic>[^']+)')?/gm

/** All problems of the tree at `root`, the folder that has `src` in it, a line each. */
export function checkArchitecture(root: string): string[] {
  const sources = sourceFiles(root).map((file) => readSource(root, file))
  if (!sources.some(({ file }) => file.startsWith('src/'))) return ['src: there are no source files to check']
  const files = new Map(sources.map(({ file, imports }) => [file, targetsOf(file, imports)]))
  const folders = foldersOf(files)
  return [
    ...sources.flatMap(({ file, imports }) => imports.flatMap((each) => importProblem(file, each))),
    ...cycles(files),
    ...cycles(folders),
    ...[...filesPerFolder(files)]
      .filter(([folder, count]) => count > MOST_FILES && !LONG_LISTS.test(folder))
      .map(
        ([folder, count]) =>
          `${folder}: ${count} files side by side; at most ${MOST_FILES}, group them by what they do`,
      ),
    ...tableProblem(root),
  ]
}

function sourceFiles(root: string): string[] {
  const tops = [...new Set(Object.keys(ROOMS).map((room) => room.split('/')[0] ?? room))]
  return tops
    .filter((top) => existsSync(path.join(root, top)))
    .flatMap((top) =>
      readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${top}/${name}`,
      ),
    )
    .filter((name) => SOURCE.test(name) && !/\/(node_modules|dist)\//.test(name))
    .sort()
}

function readSource(root: string, file: string): Source {
  const text = readFileSync(path.join(root, file), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '')
  const imports = [...text.matchAll(IMPORTS)].map(({ groups = {}, index }) => ({
    specifier: groups.from ?? groups.dynamic,
    isType: groups.type !== undefined,
    line: text.slice(0, index).split('\n').length,
  }))
  return { file, imports }
}

function importProblem(file: string, { specifier, isType, line }: Import): string[] {
  const room = roomOf(file)
  const refuse = (why: string) => [
    `${file}:${line}  imports ${isType ? 'a type from ' : ''}'${specifier}': ${why}`,
  ]
  const rules = ROOMS[room ?? '']
  if (rules === undefined) return refuse('the folder has no row in scripts/architecture/rules.ts')
  if (specifier === undefined) return file.startsWith('src/') ? refuse('name the module literally') : []
  if (!specifier.startsWith('.')) {
    const scheme = isBuiltin(specifier) ? 'node' : /^(cloudflare):/.exec(specifier)?.[1]
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    if (scheme !== undefined)
      return (rules.builtins as readonly string[] | undefined)?.includes(scheme)
        ? []
        : refuse(`${room} may not use ${scheme}:*`)
    return rules.packages?.includes(name) === false
      ? refuse(`of packages ${room} may use only ${rules.packages.join(', ') || 'none'}`)
      : []
  }
  const target = resolved(file, specifier)
  const targetRoom = roomOf(target)
  if (targetRoom === room) return orderProblem(file, target, rules.order).flatMap(refuse)
  const reaches = (allowed: string) =>
    targetRoom === allowed ||
    (allowed === 'src' && targetRoom?.startsWith('src/') && targetRoom !== 'src/index.ts')
  if (rules.imports.some(reaches) || (isType && rules.types?.some(reaches))) return []
  return refuse(
    `${room} may import only ${[...rules.imports, ...(rules.types ?? []).map((each) => `types of ${each}`)].join(', ') || 'itself'}`,
  )
}

/** The room that a path lies in: the longest that it begins with. */
function roomOf(file: string): string | undefined {
  const rooms = Object.keys(ROOMS).filter((room) => file === room || file.startsWith(`${room}/`))
  return rooms.sort((a, b) => b.length - a.length)[0]
}

function orderProblem(file: string, target: string, order: readonly string[] | undefined): string[] {
  if (order === undefined) return []
  const placeOf = (each: string) => each.split('/').slice(2, -1)[0]
  const [own, other] = [placeOf(file), placeOf(target)]
  if (own === other || other === undefined) return []
  const isBelow =
    own !== undefined &&
    order.includes(own) &&
    order.includes(other) &&
    order.indexOf(other) < order.indexOf(own)
  return isBelow ? [] : [`inside the order is ${order.join(' < ')}`]
}

function resolved(from: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(from), specifier)
}

function targetsOf(file: string, imports: readonly Import[]): Set<string> {
  return new Set(
    imports.flatMap(({ specifier }) => (specifier?.startsWith('.') ? [resolved(file, specifier)] : [])),
  )
}

/** Which folder imports which, by the files directly in them. */
function foldersOf(files: Graph): Graph {
  const folders = new Map<string, Set<string>>()
  for (const [file, targets] of files) {
    const folder = path.posix.dirname(file)
    const known = folders.get(folder) ?? new Set()
    for (const target of targets)
      if (path.posix.dirname(target) !== folder) known.add(path.posix.dirname(target))
    folders.set(folder, known)
  }
  return folders
}

function filesPerFolder(files: Graph): Map<string, number> {
  const counts = new Map<string, number>()
  for (const file of files.keys())
    counts.set(path.posix.dirname(file), (counts.get(path.posix.dirname(file)) ?? 0) + 1)
  return counts
}

/** The shortest cycle through each node that no earlier one went through. */
function cycles(graph: Graph): string[] {
  const reported = new Set<string>()
  return [...graph.keys()].flatMap((node) => {
    const cycle = reported.has(node) ? undefined : shortestCycle(graph, node)
    for (const each of cycle ?? []) reported.add(each)
    return cycle === undefined
      ? []
      : [`${node}  import cycle ${cycle.join(' -> ')}: move what both need to a separate place`]
  })
}

function shortestCycle(graph: Graph, start: string): string[] | undefined {
  const queue = [[start]]
  const seen = new Set<string>()
  for (const trail of queue) {
    for (const next of graph.get(trail.at(-1) ?? start) ?? []) {
      if (next === start) return [...trail, start]
      if (seen.has(next)) continue
      seen.add(next)
      queue.push([...trail, next])
    }
  }
  return undefined
}

function tableProblem(root: string): string[] {
  const page = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8')
  return withRoomsTable(page) === page
    ? []
    : ['ARCHITECTURE.md: the table of rooms differs from the rules; run "npm run generate"']
}

if (import.meta.main) {
  const [root = path.join(import.meta.dirname, '..')] = scriptArgs({ allowPositionals: true }).positionals
  const problems = checkArchitecture(path.resolve(root))
  for (const problem of problems) console.log(problem)
  if (problems.length > 0) process.exitCode = 1
}

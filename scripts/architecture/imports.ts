import { statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { AREAS, type AreaRules, CORE_ORDER } from './rules.ts'
import { at, type Finding, type Import, type Problem, type SourceFile } from './source.ts'

/** The area that a path (relative to the root) belongs to; undefined for what nobody may import. */
export function areaOf(file: string): string | undefined {
  const [top, second, ...rest] = file.split('/')
  if (top === 'config') return file.endsWith('.json') ? 'config' : undefined
  if (top === 'examples') return 'examples'
  if (top !== 'src') return undefined
  if (second === 'sdk' && rest.length > 1) return `sdk/${rest[0]}`
  if (rest.length > 0) return second
  return /^index(\.|$)/.test(second ?? '') ? 'index' : 'src'
}

/** The path, relative to the root, of the file that a relative import means, whether or not it exists. */
export function resolveRelative(root: string, from: string, specifier: string): string {
  const plain = path.posix.join(path.posix.dirname(from), specifier.replace(/[?#].*$/, ''))
  const candidates = [
    plain,
    `${plain}.ts`,
    `${plain}.tsx`,
    plain.replace(/\.js$/, '.ts'),
    `${plain}/index.ts`,
  ]
  const isFile = (file: string) =>
    statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() === true
  return candidates.find(isFile) ?? plain
}

/** Imports of one file that the tables do not allow. */
export function importProblems(root: string, source: SourceFile): Problem[] {
  const area = areaOf(source.file) ?? ''
  const rules = AREAS[area]
  if (rules === undefined) {
    const fix = 'add it to AREAS in scripts/architecture/rules.ts'
    return [at(source, 0, { found: `src/${area}`, why: 'no rule says what it may import', fix })]
  }
  return source.imports.flatMap((each) => {
    const finding = importFinding(root, source.file, each, area, rules)
    return finding === undefined ? [] : [at(source, each.start, finding)]
  })
}

function importFinding(
  root: string,
  from: string,
  { specifier, typeOnly }: Import,
  area: string,
  rules: AreaRules,
): Finding | undefined {
  if (specifier === undefined) {
    return { found: 'a computed import', why: 'it cannot be checked', fix: 'name the module literally' }
  }
  const found = `${area} imports ${typeOnly ? 'a type from ' : ''}'${specifier}'`
  if (/^\.\.?(\/|$)/.test(specifier)) {
    const target = resolveRelative(root, from, specifier)
    return directionFinding(found, from, target, typeOnly, rules)
  }
  const scheme = isBuiltin(specifier) ? 'node' : /^([a-z]+):/.exec(specifier)?.[1]
  if (scheme === 'node' || scheme === 'cloudflare') {
    const where = Object.keys(AREAS).filter((name) => AREAS[name]?.builtins?.includes(scheme))
    if (where.includes(area)) return undefined
    return {
      found,
      why: `${scheme}:* exists only for ${where.join(', ')}`,
      fix: 'take what it gives as an argument',
    }
  }
  if (scheme !== undefined || /^([#/]|sluice(\/|$))/.test(specifier)) {
    return { found, why: 'it cannot be followed to a file', fix: 'import by a relative path' }
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (rules.packages === undefined || rules.packages.includes(name)) return undefined
  const why = `of packages ${area} may use only ${rules.packages.join(', ')}`
  return { found, why, fix: `do without, or pass in what ${name} computes` }
}

function directionFinding(
  found: string,
  from: string,
  target: string,
  typeOnly: boolean,
  rules: AreaRules,
): Finding | undefined {
  const area = areaOf(from)
  const targetArea = areaOf(target)
  if (targetArea === 'index') {
    return {
      found,
      why: 'nothing imports the composition root',
      fix: 'move what is needed to a module of its own',
    }
  }
  if (targetArea === 'core' && area === 'core') return coreOrderFinding(found, from, target)
  if (targetArea !== undefined && rules.values.includes(targetArea)) return undefined
  if (targetArea !== undefined && rules.types?.includes(targetArea)) {
    if (typeOnly) return undefined
    return {
      found,
      why: `${area} may import only types from ${targetArea}`,
      fix: 'write `import type { … }`',
    }
  }
  const types = rules.types === undefined ? '' : `, and types from ${rules.types.join(', ')}`
  const why = `${area} may import only ${rules.values.join(', ')}${types}`
  return { found, why, fix: 'move what both need to where both may import it, or pass it in as an argument' }
}

function coreOrderFinding(found: string, from: string, target: string): Finding | undefined {
  const folderOf = (file: string) => file.split('/').slice(2, -1)[0]
  const placeOf = (folder: string | undefined) => (folder === undefined ? -1 : CORE_ORDER.indexOf(folder))
  const [own, other] = [folderOf(from), folderOf(target)]
  if (own === other) return undefined
  const unknown = [own, other].find((folder) => folder !== undefined && placeOf(folder) === -1)
  if (unknown !== undefined) {
    const fix = 'add it to CORE_ORDER in scripts/architecture/rules.ts'
    return { found, why: `core/${unknown} has no place in the order`, fix }
  }
  if (placeOf(other) < placeOf(own)) return undefined
  const why = `inside core the order is ${CORE_ORDER.join(' < ')}`
  return { found, why, fix: `move what both need to core/${own ?? CORE_ORDER[0]} or further left` }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Node, parseSync, visitorKeys } from 'oxc-parser'
import type { Reason } from './rules.ts'

/** Something that the architecture forbids: where, what was found, why it is not allowed, what to do. */
export interface Problem extends Reason {
  readonly file: string
  readonly line: number
  readonly found: string
}
/** A problem whose place is not worked out yet. */
export type Finding = Reason & { readonly found: string }

/** One module named by another. */
export interface Import {
  readonly start: number
  /** Undefined when it is computed. */
  readonly specifier: string | undefined
  /** Leaves nothing behind at run time. `import { type A }` does: an import for side effects. */
  readonly typeOnly: boolean
}

/** A parsed file of src. */
export interface SourceFile {
  readonly file: string
  readonly text: string
  readonly program: Node
  readonly syntaxErrors: readonly string[]
  readonly imports: readonly Import[]
}

/** The source files under `root`, as sorted paths relative to it. */
export function sourceFiles(root: string): string[] {
  const src = path.join(root, 'src')
  if (!existsSync(src)) return []
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const posix = names.map((name) => `src/${name.split(path.sep).join('/')}`)
  return posix.filter((name) => /\.[cm]?[jt]sx?$/.test(name)).sort()
}

/** Reads and parses one file. */
export function readSource(root: string, file: string): SourceFile {
  const text = readFileSync(path.join(root, file), 'utf8')
  const { program, errors } = parseSync(file, text, { preserveParens: false, sourceType: 'module' })
  return { file, text, program, syntaxErrors: errors.map((e) => e.message), imports: importsIn(program) }
}

/** Puts a finding at its line. */
export function at(source: SourceFile, offset: number, finding: Finding): Problem {
  return { ...finding, file: source.file, line: source.text.slice(0, offset).split('\n').length }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** The direct children of a node, types included. */
export function children(node: Node): Node[] {
  const fields = new Map<string, unknown>(Object.entries(node))
  return (visitorKeys[node.type] ?? []).flatMap((key) => fields.get(key)).filter(isNode)
}

/** Every way in which a module names another, type positions included. */
function importsIn(node: Node): Import[] {
  const inside = children(node).flatMap(importsIn)
  const request = (source: Node | null, typeOnly: boolean): Import[] =>
    source === null ? inside : [{ start: node.start, specifier: staticString(source), typeOnly }, ...inside]
  switch (node.type) {
    case 'ImportDeclaration':
      return request(node.source, node.importKind === 'type')
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return request(node.source, node.exportKind === 'type')
    case 'ImportExpression':
      return request(node.source, false)
    case 'TSImportType':
      return request(node.source, true)
    case 'TSImportEqualsDeclaration': {
      const target = node.moduleReference
      return target.type === 'TSExternalModuleReference'
        ? request(target.expression, node.importKind === 'type')
        : inside
    }
    default:
      return inside
  }
}

/** The value of a string literal, or of a template without holes. */
export function staticString(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined
  if (node.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

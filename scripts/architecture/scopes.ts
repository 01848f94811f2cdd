import type { Node, ParamPattern } from 'oxc-parser'
import { children } from './source.ts'

/** The names that one function, block or module declares. */
export interface Scope {
  readonly names: Set<string>
  /** Where `var` lands. */
  readonly holdsVar: boolean
}
/** The scope that each node opens. */
export type Scopes = ReadonlyMap<Node, Scope>

/** TypeScript's own syntax that leaves code behind; all else of it is types. */
const TS_WITH_CODE =
  /^TS(As|Satisfies|NonNull|Instantiation)Expression|^TS(TypeAssertion|ParameterProp|ExportA|Enum|Module)/
/** Nodes that `var` cannot leave. */
export const FUNCTION =
  /^(Program|FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|StaticBlock)$/
const BLOCK = /^(BlockStatement|For(In|Of)?Statement|SwitchStatement|CatchClause|ClassExpression)$/

/** The children that run: without types and without what is only declared to exist. */
export function runningChildren(node: Node): Node[] {
  return children(node).filter((child) => {
    if (child.type.startsWith('TS') && !TS_WITH_CODE.test(child.type)) return false
    return !('declare' in child && child.declare === true)
  })
}

/** All scopes of a file, with what each declares. */
export function scopesOf(program: Node): Scopes {
  const scopes = new Map<Node, Scope>()
  const visit = (node: Node, outer: readonly Scope[]): void => {
    const holdsVar = FUNCTION.test(node.type)
    let stack = outer
    if (holdsVar || BLOCK.test(node.type)) {
      const scope = { names: new Set<string>(), holdsVar }
      scopes.set(node, scope)
      stack = [scope, ...outer]
    }
    declareNames(node, stack, outer)
    for (const child of runningChildren(node)) visit(child, stack)
  }
  visit(program, [])
  return scopes
}

/** Adds the names that `node` itself declares: to its own scope (`inner[0]`) or to the one around it. */
function declareNames(node: Node, inner: readonly Scope[], outer: readonly Scope[]): void {
  const add = (scope: Scope | undefined, pattern: Node | null | undefined): void => {
    for (const name of boundNames(pattern)) scope?.names.add(name)
  }
  switch (node.type) {
    case 'VariableDeclaration': {
      const scope = node.kind === 'var' ? inner.find((each) => each.holdsVar) : inner[0]
      for (const { id } of node.declarations) add(scope, id)
      break
    }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      if (node.type !== 'ArrowFunctionExpression') {
        add(node.type === 'FunctionDeclaration' ? outer[0] : inner[0], node.id)
      }
      for (const parameter of node.params) add(inner[0], parameter)
      break
    case 'ClassDeclaration':
    case 'ClassExpression':
      add(inner[0], node.id)
      break
    case 'CatchClause':
      add(inner[0], node.param)
      break
    case 'ImportDeclaration':
      if (node.importKind !== 'type') for (const { local } of node.specifiers) add(inner[0], local)
      break
  }
}

function boundNames(pattern: Node | ParamPattern | null | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) => boundNames(each.type === 'Property' ? each.value : each))
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames)
    case 'AssignmentPattern':
      return boundNames(pattern.left)
    case 'RestElement':
      return boundNames(pattern.argument)
    case 'TSParameterProperty':
      return boundNames(pattern.parameter)
    default:
      return []
  }
}

import type { Node } from 'oxc-parser'
import { FORBIDDEN_GLOBALS, LOADING, PARTLY_FORBIDDEN } from './rules.ts'
import { FUNCTION, runningChildren, type Scope, scopesOf } from './scopes.ts'
import { at, type Finding, type Problem, type SourceFile, staticString } from './source.ts'

interface Place {
  readonly parent: Node
  readonly stack: readonly Scope[]
  readonly insideFunction: boolean
}

/** What in a file of core depends on more than its arguments. */
export function impurities(source: SourceFile): Problem[] {
  const scopes = scopesOf(source.program)
  const problems: Problem[] = []
  const visit = (node: Node, place: Place): void => {
    const finding = impurity(node, place)
    if (finding !== undefined) problems.push(at(source, node.start, finding))
    if (node.type === 'ExportNamedDeclaration' && node.source !== null) return
    const scope = scopes.get(node)
    const stack = scope === undefined ? place.stack : [scope, ...place.stack]
    const insideFunction = place.insideFunction || (node !== source.program && FUNCTION.test(node.type))
    for (const child of runningChildren(node)) visit(child, { parent: node, stack, insideFunction })
  }
  visit(source.program, { parent: source.program, stack: [], insideFunction: false })
  return problems
}

function impurity(node: Node, { parent, stack, insideFunction }: Place): Finding | undefined {
  if (node.type === 'MetaProperty' && node.meta.name === 'import') return { found: 'import.meta', ...LOADING }
  if (!insideFunction && waits(node)) return { found: 'top-level await', ...LOADING }
  if (node.type === 'MemberExpression' && memberName(node) === 'constructor') {
    return {
      found: '.constructor',
      why: 'it leads to Function and Date',
      fix: 'use instanceof, or name the class',
    }
  }
  if (node.type !== 'Identifier' || !isReference(node, parent)) return undefined
  if (stack.some((scope) => scope.names.has(node.name))) return undefined
  const reason = Object.hasOwn(FORBIDDEN_GLOBALS, node.name) ? FORBIDDEN_GLOBALS[node.name] : undefined
  return reason === undefined ? partImpurity(node, node.name, parent) : { ...reason, found: node.name }
}

function partImpurity(node: Node, name: string, parent: Node): Finding | undefined {
  const rule = Object.hasOwn(PARTLY_FORBIDDEN, name) ? PARTLY_FORBIDDEN[name] : undefined
  if (rule === undefined) return undefined
  const { why, fix } = rule
  if (name === 'Date' && parent.type === 'NewExpression' && parent.callee === node) {
    const first = parent.arguments[0]
    if (first !== undefined && first.type !== 'SpreadElement') return undefined
    return { found: 'new Date() without a time', why, fix }
  }
  const members = membersRead(node, parent)
  if (members === undefined) {
    const direct = parent.type === 'CallExpression' && parent.callee === node
    const found = direct ? `${name}()` : `${name} itself used as a value`
    return { found, why, fix: direct ? fix : `${fix}; use single members of ${name} where needed` }
  }
  const bad = members.find((member) => !rule.allows(member))
  return bad === undefined ? undefined : { found: `${name}.${bad}`, why, fix }
}

/** The members read where a global is named; undefined when the global itself, or an unknown member, is. */
function membersRead(node: Node, parent: Node): string[] | undefined {
  if (parent.type === 'BinaryExpression' && parent.operator === 'instanceof' && parent.right === node)
    return []
  if (parent.type === 'MemberExpression' && parent.object === node) {
    const name = memberName(parent)
    return name === undefined ? undefined : [name]
  }
  if (parent.type !== 'VariableDeclarator' || parent.id.type !== 'ObjectPattern') return undefined
  const names = parent.id.properties.map((each) => {
    if (each.type !== 'Property') return undefined
    return !each.computed && each.key.type === 'Identifier' ? each.key.name : staticString(each.key)
  })
  return names.every((name) => name !== undefined) ? names : undefined
}

function memberName(member: Extract<Node, { type: 'MemberExpression' }>): string | undefined {
  if (member.computed) return staticString(member.property)
  return member.property.type === 'Identifier' ? member.property.name : undefined
}

function waits(node: Node): boolean {
  if (node.type === 'ForOfStatement') return node.await
  return (
    node.type === 'AwaitExpression' || (node.type === 'VariableDeclaration' && node.kind === 'await using')
  )
}

/** Whether an identifier stands for a value, and is not the name of a property, a label or an import. */
function isReference(node: Node, parent: Node): boolean {
  switch (parent.type) {
    case 'MemberExpression':
      return parent.computed || parent.object === node
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return parent.computed || parent.key !== node
    case 'ExportSpecifier':
      return parent.local === node
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ImportAttribute':
      return false
    default:
      return true
  }
}

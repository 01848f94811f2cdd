/**
 * Small faults of the kind that people make: a comparison that is off by one, a condition that always holds, a call
 * that is left out. Each is one replacement in one file, and the file still parses.
 */
import { parseSync } from 'oxc-parser'

export type Mutant = {
  file: string
  /** Place of the replaced text, in UTF-16 units. */
  start: number
  end: number
  line: number
  /** Where the innermost statement begins that holds it; undefined outside of functions. */
  statementLine: number | undefined
  replacement: string
  /** What kind of fault it is, such as `condition` or `left-out call`. */
  kind: string
}

type Node = { type: string; start: number; end: number; [key: string]: unknown }

const SWAPPED: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '++': '--',
  '--': '++',
}
const SWAPPED_METHODS: Readonly<Record<string, string>> = {
  min: 'max',
  max: 'min',
  some: 'every',
  every: 'some',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  floor: 'ceil',
  ceil: 'floor',
}
/** Calls whose receiver is of the same type as their result. */
const LEFT_OUT_METHODS = new Set(['filter', 'toLowerCase', 'trim', 'sort', 'toSorted', 'reverse', 'slice'])

/** Every mutant of a file, in the order of its text. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const mutants: Mutant[] = []
  const lines = lineIndex(text)
  const statements = statementsOf(file, text)
  const add = (kind: string, { start, end }: { start: number; end: number }, replacement: string) => {
    if (text.slice(start, end) !== replacement)
      mutants.push({
        file,
        start,
        end,
        line: lines(start),
        statementLine: statementAt(start),
        replacement,
        kind,
      })
  }
  const statementAt = (place: number) =>
    statements.findLast((statement) => statement.start <= place && place < statement.end)?.line
  visit(parseSync(file, text).program as unknown as Node, (node, parent) => {
    const source = (each: unknown) => text.slice((each as Node).start, (each as Node).end)
    const operatorPlace = (left: Node, right: Node, operator: string) => {
      const start = text.indexOf(operator, left.end)
      return start < right.start ? { start, end: start + operator.length } : undefined
    }
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression':
      case 'AssignmentExpression': {
        const operator = node.operator as string
        const [left, right] = [node.left as Node, node.right as Node]
        if (operator === '??') add('no default', node, source(left))
        const isText = operator.startsWith('+') && [left, right].some(isTextual)
        const other = isText ? undefined : SWAPPED[operator]
        const place = operatorPlace(left, right, operator)
        if (other !== undefined && place !== undefined) add('operator', place, other)
        if (/^[!=]==$/.test(operator)) for (const side of [left, right]) emptied(side)
        break
      }
      case 'UpdateExpression': {
        const operator = node.operator as string
        add('operator', node, source(node).replace(operator, SWAPPED[operator] ?? operator))
        break
      }
      case 'UnaryExpression':
        if (node.operator === '!') add('negation', node, source(node.argument))
        break
      case 'IfStatement':
      case 'WhileStatement':
        if (node.type === 'IfStatement') add('condition', node.test as Node, 'true')
        add('condition', node.test as Node, 'false')
        break
      case 'ConditionalExpression':
        add('condition', node.test as Node, 'true')
        add('condition', node.test as Node, 'false')
        break
      case 'Literal':
        if (typeof node.value === 'boolean') add('boolean', node, String(!node.value))
        if (typeof node.value === 'number' && Number.isFinite(node.value))
          add('number', node, node.value === 1 ? '0' : String(node.value + 1))
        break
      case 'SwitchCase':
        if (node.test) emptied(node.test as Node)
        break
      case 'ExpressionStatement': {
        const { type } = node.expression as Node
        const isDirective = parent?.type === 'Program'
        if (
          !isDirective &&
          /^(Call|Await|Assignment)Expression$/.test(type) &&
          !source(node).startsWith('super')
        )
          add('left-out statement', node, ';')
        break
      }
      case 'CallExpression': {
        const callee = node.callee as Node
        const property =
          callee.type === 'MemberExpression' && !callee.computed ? (callee.property as Node) : undefined
        const name = property && source(property)
        if (property === undefined || name === undefined) break
        const other = Object.hasOwn(SWAPPED_METHODS, name) ? SWAPPED_METHODS[name] : undefined
        if (other !== undefined) add('method', property, other)
        if (LEFT_OUT_METHODS.has(name)) add('left-out call', node, source(callee.object))
        break
      }
      case 'ArrayExpression': {
        const elements = node.elements as Node[]
        const [beforeLast, last] = elements.slice(-2)
        if (beforeLast && last?.type === 'Literal')
          add('shorter list', { start: beforeLast.end, end: last.end }, '')
        break
      }
    }
  })
  function emptied(literal: Node) {
    if (literal.type === 'Literal' && typeof literal.value === 'string' && literal.value !== '')
      add('text', literal, "''")
  }
  return mutants.sort((a, b) => a.start - b.start || a.end - b.end)
}

/** The text with the fault in it. */
export function mutated(text: string, { start, end, replacement }: Mutant): string {
  const spaced = replacement.startsWith('-') || replacement.startsWith('+') ? ` ${replacement} ` : replacement
  return text.slice(0, start) + spaced + text.slice(end)
}

/** Statements of a file: where a probe can stand that tells whether a test came by. */
export function statementsOf(file: string, text: string): { start: number; end: number; line: number }[] {
  const lines = lineIndex(text)
  const found: { start: number; end: number; line: number }[] = []
  visit(parseSync(file, text).program as unknown as Node, (node, parent) => {
    const isInBlock = parent?.type === 'BlockStatement' || parent?.type === 'SwitchCase'
    if (isInBlock && /Statement$|Declaration$/.test(node.type) && !node.type.startsWith('TS'))
      found.push({ start: node.start, end: node.end, line: lines(node.start) })
  })
  return found
}

/** Walks what runs: types, imports and declarations of types are left out. */
function visit(node: Node, see: (node: Node, parent: Node | undefined) => void, parent?: Node): void {
  const isWrapper = /^TS(As|Satisfies|NonNull)Expression$/.test(node.type)
  if ((node.type.startsWith('TS') && !isWrapper) || /^(Import|ExportAll)/.test(node.type)) return
  see(node, parent)
  for (const [key, value] of Object.entries(node)) {
    if (key === 'typeAnnotation' || key === 'typeArguments' || key === 'typeParameters') continue
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, see, node)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function isTextual({ type, value }: Node): boolean {
  return type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string')
}

function lineIndex(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
  return (offset) => {
    const line = ends.findIndex((end) => end >= offset)
    return line === -1 ? ends.length + 1 : line + 1
  }
}

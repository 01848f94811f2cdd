/** Comma-separated lists as text; an item that would be read as something else is quoted. Pure. */

type Item = string | number | boolean

const QUOTED = /^\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)/
const PLAIN = /^[^,]*(?:,|$)/

/** `isTyped`: items can be numbers and booleans, so a text that looks like one is quoted. */
export function listText(items: readonly unknown[], isTyped: boolean): string {
  return items.map((item) => itemText(item, isTyped)).join(', ')
}

function itemText(item: unknown, isTyped: boolean): string {
  if (typeof item !== 'string') return typeof item === 'object' ? JSON.stringify(item) : String(item)
  const isRead = !/[,"]/.test(item) && item.trim() === item && item !== ''
  return isRead && !(isTyped && typeof typedValue(item) !== 'string') ? item : JSON.stringify(item)
}

/** The items of a text; empty ones are omitted unless they are quoted. */
export function parseList(text: string, isTyped: boolean): Item[] {
  const items: Item[] = []
  for (let rest = text; rest !== ''; ) {
    const [taken = rest, quoted] = QUOTED.exec(rest) ?? PLAIN.exec(rest) ?? []
    rest = rest.slice(taken.length)
    const plain = taken.replace(/,$/, '').trim()
    const unquoted = quoted === undefined ? undefined : unquote(quoted)
    if (unquoted !== undefined) items.push(unquoted)
    else if (plain !== '') items.push(isTyped ? typedValue(plain) : plain)
  }
  return items
}

function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

function typedValue(text: string): Item {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

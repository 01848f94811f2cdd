/** Readable JSON: a value that fits on one line is written on one. */
const WIDTH = 100

export function readableJson(value: unknown, indent = ''): string {
  const flat = oneLine(value)
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= WIDTH) {
    // The outermost parts always get their own lines, as landmarks.
    if (indent.length > 2 || typeof value !== 'object' || value === null || isEmpty(value)) return flat
  }
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    return `[\n${value.map((each) => deeper + readableJson(each, deeper)).join(',\n')}\n${indent}]`
  }
  const entries = Object.entries(value as object).filter(([, each]) => each !== undefined)
  const lines = entries.map(([key, each]) => `${deeper}${JSON.stringify(key)}: ${readableJson(each, deeper)}`)
  return `{\n${lines.join(',\n')}\n${indent}}`
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  if (entries.length === 0) return '{}'
  return `{ ${entries.map(([key, each]) => `${JSON.stringify(key)}: ${oneLine(each)}`).join(', ')} }`
}

/** Prints a benchmark's result: Markdown for people and documentation, or one JSON object. */
export function emit<Result>(result: Result, toMarkdown: (result: Result) => string, isJson: boolean): void {
  console.log(isJson ? JSON.stringify(result, neverForInfinity) : toMarkdown(result))
}

/** JSON has no Infinity: what never came is the word. */
function neverForInfinity(_: string, value: unknown): unknown {
  return value === Infinity ? 'never' : value
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What is being done, on a terminal; nothing elsewhere. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** As much of Gherkin as OpenFeature's suites use: backgrounds, outlines with examples, tables, tags. */

export type Step = { text: string; table: readonly (readonly string[])[] }
/** A scenario, or one row of an outline, with the steps of the background before its own. */
export type Scenario = { name: string; tags: ReadonlySet<string>; steps: readonly Step[] }

type Block = { tags: readonly string[]; name: string; steps: Step[] }
type Examples = { tags: readonly string[]; rows: string[][] }

/** The scenarios of a feature file, outlines expanded. */
export function scenariosIn(text: string): Scenario[] {
  const scenarios: Scenario[] = []
  let featureTags: readonly string[] = []
  let background: Block | undefined
  const tags: string[] = []
  let block: (Block & { examples: Examples[] }) | undefined
  let table: string[][] | undefined

  const finish = () => {
    if (block) scenarios.push(...expanded(block, featureTags, background?.steps ?? []))
    block = undefined
  }
  for (const line of linesOf(text)) {
    const [, keyword = '', rest = ''] =
      /^(Feature|Background|Scenario Outline|Scenario|Examples|Scenarios):\s*(.*)$/.exec(line) ??
      /^(Given|When|Then|And|But|\*)\s+(.*)$/.exec(line) ??
      []
    if (line.startsWith('@')) tags.push(...line.split(/\s+/))
    else if (line.startsWith('|')) table?.push(cellsOf(line))
    else if (keyword === 'Feature') featureTags = tags.splice(0)
    else if (keyword === 'Background') {
      background = { tags: [], name: '', steps: [] }
      table = undefined
    } else if (keyword === 'Scenario' || keyword === 'Scenario Outline') {
      finish()
      block = { tags: tags.splice(0), name: rest, steps: [], examples: [] }
    } else if (keyword === 'Examples' || keyword === 'Scenarios') {
      table = []
      block?.examples.push({ tags: tags.splice(0), rows: table })
    } else if (keyword !== '') {
      table = []
      const owner = block ?? background
      owner?.steps.push({ text: rest, table })
    }
  }
  finish()
  return scenarios
}

/** Without comments, blank lines and documentation strings. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/"""[\s\S]*?"""/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function expanded(
  { name, tags, steps, examples }: Block & { examples: Examples[] },
  featureTags: readonly string[],
  background: readonly Step[],
): Scenario[] {
  const all = [...background, ...steps]
  const scenario = (more: readonly string[], values: Readonly<Record<string, string>>): Scenario => ({
    name: filled(name, values),
    tags: new Set([...featureTags, ...tags, ...more]),
    steps: all.map((step) => ({
      text: filled(step.text, values),
      table: step.table.map((row) => row.map((cell) => filled(cell, values))),
    })),
  })
  if (examples.length === 0) return [scenario([], {})]
  return examples.flatMap(({ tags: own, rows: [head = [], ...rows] }) =>
    rows.map((row) =>
      scenario(own, Object.fromEntries(head.map((column, index) => [column, row[index] ?? '']))),
    ),
  )
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/<([^<>]+)>/g, (whole, name: string) => values[name] ?? whole)
}

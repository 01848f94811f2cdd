/** The documentation is held to what is there: examples parse, links lead somewhere, names exist. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RESPONSES } from '../src/contract/responses.ts'
import { type OperationId, ROUTES } from '../src/contract/routes.ts'
import { SUMMARIES } from '../src/contract/summaries.ts'
import { parseDocumentValue } from '../src/core/config/parse/parse.ts'

/** Files of the project: tracked ones, and new ones that are not ignored. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file))
const PAGES = FILES.filter((file) => file.endsWith('.md'))
const BINARY = new Set(['.png', '.ico', '.woff2'])

const text = (file: string) => readFileSync(file, 'utf8')
const project = JSON.parse(text('package.json')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

type Block = { place: string; kind: string; code: string }

/** Fenced blocks of JSON; the word after `json` says which part of a document it is. */
function jsonBlocks(page: string): Block[] {
  const blocks: Block[] = []
  for (const match of text(page).matchAll(/^( *)```json(c?)[ ]*(\S*)[^\n]*\n([\s\S]*?)^\1```/gm)) {
    const [whole, , comments, kind = '', code = ''] = match
    const line = text(page).slice(0, match.index).split('\n').length
    const plain = comments ? code.replace(/^\s*\/\/.*$/gm, '').replace(/\s\/\/ .*$/gm, '') : code
    blocks.push({ place: `${page}:${line} ${whole.split('\n', 1)[0]?.trim()}`, kind, code: plain })
  }
  return blocks
}

const ORIGINS = { old: { url: 'https://old.example.com' }, new: { url: 'https://new.example.com' } }
const FLAG = { variants: { on: true, off: false, blue: 'blue', green: 'green' }, off: 'off' }
const SWITCH = { variants: { on: true, off: false }, off: 'off' }
const REQUIRED = { 'new-ui': SWITCH, 'new-checkout': SWITCH }
const documentOf = (flag: object, more: object = {}) => ({
  origins: ORIGINS,
  routes: [{ path: '/*', origin: 'old' }],
  flags: { ...REQUIRED, example: flag },
  ...more,
})
const ROLLOUT_RULE = { serve: 'on', stages: [{ percentage: 10 }, { percentage: 100 }] }

/** How a part of a document becomes a whole one, by the word after `json`. */
const WHOLE: Record<string, (part: never) => unknown> = {
  flag: (part: object) => documentOf(part),
  flags: (part: object) => ({ ...documentOf(FLAG), flags: { ...REQUIRED, ...part } }),
  rule: (part: object) => documentOf({ ...FLAG, rules: [part] }),
  rules: (part: object[]) => documentOf({ ...FLAG, rules: part }),
  guard: (part: object) => documentOf({ ...FLAG, rules: [ROLLOUT_RULE], guard: part }),
  rollout: (part: object) => documentOf({ ...FLAG, rules: [ROLLOUT_RULE], rollout: part }),
  context: (part: object) => documentOf(FLAG, { context: part }),
  routes: (part: object[]) => documentOf(FLAG, { routes: part }),
  origins: (part: object) => documentOf(FLAG, { origins: { ...ORIGINS, ...part } }),
  top: (part: object) => documentOf(FLAG, part),
}

describe('examples in the documentation', () => {
  const blocks = PAGES.flatMap(jsonBlocks)

  it.each(blocks.map((block) => [block.place, block] as const))('%s parses', (_place, { kind, code }) => {
    const value: unknown = JSON.parse(code)
    const isDocument = kind === '' && typeof value === 'object' && value !== null && 'origins' in value
    const whole = isDocument ? value : WHOLE[kind]?.(value as never)
    if (whole === undefined) {
      // Anything else that is JSON, such as an answer of the API.
      expect(kind === '' || kind === 'partial', `unknown kind "${kind}"`).toBe(true)
      return
    }
    const parsed = parseDocumentValue(whole)
    expect(parsed.ok ? [] : parsed.problems).toEqual([])
  })

  it('are there at all', () => {
    expect(blocks.filter(({ kind }) => kind in WHOLE || kind === '').length).toBeGreaterThan(15)
  })
})

/** Targets of Markdown links and images, code left out. */
function links(page: string): string[] {
  const prose = text(page)
    .replace(/^( *)```[\s\S]*?^\1```/gm, '')
    .replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)|<(?:img|a)\b[^>]*?\b(?:src|href)="([^"]+)"/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  )
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = text(page)
    .replace(/^( *)```[\s\S]*?^\1```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  )
}

describe('commands in the documentation', () => {
  /** Pages for people who run commands; the reference says once what its `sluice` stands for. */
  const pages = PAGES.filter((page) => !['CHANGELOG.md', 'docs/cli.md'].includes(page))
  const BLOCK = /^( *)```(?:sh|console|yaml|)\n([\s\S]*?)^\1```|^(?: {4}\S.*\n)+/gm
  const BARE = /(?:^|[;&|(]|\$ |run: )\s*sluice (?!ready|starts)[a-z]/

  it('are spelled npx sluice, which is on every PATH', () => {
    const bare = pages.flatMap((page) =>
      [...text(page).matchAll(BLOCK)]
        .flatMap(([block]) => block.split('\n'))
        .filter((line) => BARE.test(line))
        .map((line) => `${page}: ${line}`),
    )
    expect(bare).toEqual([])
    const cells = pages.flatMap((page) => text(page).match(/^\| `sluice (?!import)[a-z][^`]*` \|/gm) ?? [])
    expect(cells).toEqual([])
  })

  it('come with a word on where that runs: elsewhere npx takes a package of that name from a stranger', () => {
    const where = /#6-in-your-own-project|^## 6\. In your own project|in the repository|in this repository/m
    const without = pages.filter((page) => /npx sluice/.test(text(page)) && !where.test(text(page)))
    expect(without).toEqual([])
    expect(text('docs/cli.md')).toMatch(
      /`npx sluice COMMAND` works in a folder with[\s\S]{0,200}stands for it/,
    )
    expect(text('docs/operations.md').search(where)).toBeLessThan(
      text('docs/operations.md').indexOf('npx sluice kill'),
    )
  })
})

describe('names in the documentation', () => {
  it('every link between files leads to a file, and to a heading where it names one', () => {
    const dead = PAGES.flatMap((page) =>
      links(page)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [path = '', anchor] = target.split('#')
          const file = path === '' ? page : normalize(join(dirname(page), path))
          if (!existsSync(file)) return true
          return anchor !== undefined && file.endsWith('.md') && !anchors(file).has(anchor)
        })
        .map((target) => `${page}: ${target}`),
    )
    expect(dead).toEqual([])
  })

  it('every script that a page or a source names is in package.json', () => {
    const named = FILES.filter((file) => /\.(md|ts|tsx|toml|json|ya?ml)$|^\.ci\//.test(file)).flatMap(
      (file) =>
        [...text(file).matchAll(/\bnpm run (?:-s )?([a-z][a-z0-9:-]*[a-z0-9])(?![<*:a-z0-9-])/g)].map(
          ([, script = '']) => ({ file, script }),
        ),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(({ script }) => !(script in project.scripts))).toEqual([])
  })

  it("ARCHITECTURE.md has a line for each dependency, and none for what isn't one", () => {
    const listed = [...text('ARCHITECTURE.md').matchAll(/^- `((?:@[\w.-]+\/)?[\w.-]+)`: /gm)]
      .map(([, name]) => name)
      .sort()
    const actual = Object.keys({ ...project.dependencies, ...project.devDependencies }).sort()
    const hint =
      'Give each dependency a line "- `name`: why it is there" in ARCHITECTURE.md, section Dependencies'
    expect(listed, hint).toEqual(actual)
  })

  it('docs/api.md lists the operations of the API, each with its path, role and summary', () => {
    const rows = text('docs/api.md').match(/^\| (?:GET|POST|PUT|PATCH|DELETE) .*$/gm)
    expect(rows).toEqual(
      Object.entries(ROUTES).map(
        ([id, { method, path, role }]) =>
          `| ${method} | \`${path}\` | ${role} | ${SUMMARIES[id as OperationId]} |`,
      ),
    )
  })

  it('docs/operations.md explains each field of the status', () => {
    const { flags, ...top } = RESPONSES.getStatus.entries
    const explained = text('docs/operations.md')
    const fields = [
      ...Object.keys(top),
      ...Object.keys(top.document.entries),
      ...Object.keys(flags.value.entries),
    ]
    const plain = ['environment', 'at', 'version', 'hash', 'checkedAt', 'variants', 'cells']
    expect(fields.filter((field) => !plain.includes(field) && !explained.includes(field))).toEqual([])
  })

  it('each page of docs/ is found from its index', () => {
    const indexed = links('docs/README.md').map((target) =>
      normalize(join('docs', target.split('#')[0] ?? '')),
    )
    const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
    const hint = 'Give each page a line in docs/README.md'
    expect(
      pages.filter((page) => !indexed.includes(page)),
      hint,
    ).toEqual([])
  })
})

describe('the threat model', () => {
  const section =
    text('docs/security.md')
      .split(/^## /m)
      .find((each) => each.startsWith('Threat model')) ?? ''
  const rows = section.split('\n').filter((line) => /^\| (?!who |---)/.test(line))
  const cells = rows.map((row) => row.split(' | '))

  it('has lines for everybody who may mean harm', () => {
    expect([...new Set(cells.map(([who = '']) => who.slice(2)))].toSorted()).toEqual([
      ...[
        'a botnet of k networks',
        'a hijacked origin',
        'a neighbour on the host',
        'a visitor',
        'an insider',
      ],
    ])
  })

  it.each(cells.map((each) => [each[1], each] as const))('%s: a test that exists shows it', (_, each) => {
    const paths = links('docs/security.md').filter((target) => each.at(-1)?.includes(`](${target})`))
    expect(each).toHaveLength(4)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) {
      const file = normalize(join('docs', path))
      expect(file).toMatch(/^(test\/.*\.test\.ts|bench\/.*)$/)
      expect(existsSync(file), file).toBe(true)
    }
  })
})

describe('files of the project', () => {
  /** Folders of one machine, and addresses that npm must take from its own configuration. */
  const FOREIGN = [
    /(?<![\w.~-])\/(?:work|home|root|Users)\/\w/,
    /\b[A-Z]:\\Users\\/,
    /https?:\/\/registry\.(?:npmjs\.org|yarnpkg\.com)/,
    /https?:\/\/[\w.-]*(?:artifactory|nexus|verdaccio)[\w.-]*/i,
  ]

  it('name no folder of a machine and no package registry', () => {
    const found = FILES.filter((file) => !BINARY.has(extname(file))).flatMap((file) =>
      FOREIGN.map((pattern) => pattern.exec(text(file))?.[0])
        .filter((match) => match !== undefined)
        .map((match) => `${file}: ${match}`),
    )
    expect(found).toEqual([])
  })
})

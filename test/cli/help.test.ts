/** Help, the page in the documentation and completion: all from the definitions that the parser reads. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cliPage } from '../../scripts/generate/cli-page.ts'
import type { CliCommand } from '../../src/cli/base/command.ts'
import { candidates } from '../../src/cli/base/complete.ts'
import { emptyFolder, sluice } from './gate/support.ts'
import { transcript } from './gate/transcript.ts'

it('the page of the documentation is that of these commands', async () => {
  expect(cliPage()).toBe(await readFile('docs/cli.md', 'utf8'))
})

it('help, to the letter', async () => {
  const lines = [
    '',
    '--help',
    'kill --help',
    'help token',
    'token create --help',
    'explain -h',
    'kil',
    'kill f --al',
  ]
  const scenes = [{ title: 'help', lines: [...lines, 'kil --json', 'token'] }]
  await expect(await transcript(scenes)).toMatchFileSnapshot('transcripts/help.txt')
})

it('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  for (const option of ['-V', '--version'])
    expect(await sluice([option])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

const leaf = (name: string, more: Partial<CliCommand> = {}): CliCommand => ({
  ...{ name, group: 'Flags', summary: '', examples: [], run: async () => undefined, ...more },
})
const COMMANDS = [
  leaf('one', {
    arguments: [
      { name: '<flag>', summary: '', completes: 'flags' },
      { name: '[size]', summary: '', completes: ['small', 'large'] },
    ],
    options: [
      { flags: '-r, --role ROLE', summary: '', choices: ['admin', 'viewer'] },
      { flags: '--reason TEXT', summary: '' },
      { flags: '-w, --wait', summary: '' },
    ],
  }),
  leaf('files', { arguments: [{ name: '<file>', summary: '', completes: 'files' }] }),
  leaf('open', { arguments: [{ name: '<text>', summary: '' }] }),
  { ...leaf('group', { subcommands: [leaf('add'), leaf('all')] }), run: undefined as never },
]
const GLOBAL = [
  '--url',
  '--profile',
  '--token',
  '--token-file',
  '--timeout',
  '--json',
  '-y',
  '--yes',
  '--no-color',
]

it.each([
  [[], ['one', 'files', 'open', 'group', 'help']],
  [['o'], ['one', 'open']],
  [['he'], ['help']],
  [
    ['group', ''],
    ['add', 'all'],
  ],
  [['group', 'ad'], ['add']],
  [
    ['one', ''],
    ['f-1', 'f-2', 'g'],
  ],
  [
    ['one', 'f'],
    ['f-1', 'f-2'],
  ],
  [
    ['one', 'g', ''],
    ['small', 'large'],
  ],
  [['one', 'g', 'small', 'l'], ['large']],
  [
    ['one', '--wait', ''],
    ['f-1', 'f-2', 'g'],
  ],
  [
    ['one', '--role', ''],
    ['admin', 'viewer'],
  ],
  [['one', '-r', 'v'], ['viewer']],
  [['one', '--reason', ''], undefined],
  [['one', '--url', ''], undefined],
  [
    ['one', '-'],
    ['-r', '--role', '--reason', '-w', '--wait', ...GLOBAL],
  ],
  [['one', '--ro'], ['--role']],
  [['one', '--unknown', 'g'], ['g']],
  [['-'], GLOBAL],
  [['files', ''], undefined],
  [['open', ''], []],
  [['group', 'add', ''], []],
])('after %j come %j', (words, expected) => {
  expect(candidates(COMMANDS, words, () => ['f-1', 'f-2', 'g', 'g'])).toEqual(expected)
})

it('completes the flags of the document in the folder, as far as it can be read', async () => {
  const cwd = await emptyFolder()
  const words = async () => (await sluice(['completion', 'words', '--', 'kill', ''], { cwd })).out
  expect(await words()).toBe('')
  for (const [text, flags] of [
    ['{"flags":{"a":1,"b":2}}', 'a\nb\n'],
    ['{}', ''],
    ['{', ''],
  ] as const) {
    await writeFile(join(cwd, 'gate.json'), text)
    expect(await words()).toBe(flags)
  }
  expect(await sluice(['completion', 'words', '--', 'kill', '--reason', ''])).toEqual({
    code: 1,
    out: '',
    err: '',
  })
  const { out } = await sluice(['completion', 'fish', '--json'])
  expect(JSON.parse(out)).toEqual({ shell: 'fish', script: expect.stringContaining('function __sluice') })
  expect((await sluice(['completion', 'toString'])).code).toBe(2)
})

/** A value that an option can't take is wrong usage: exit code 2, before anything is asked or done. */
import { describe, expect, it } from 'vitest'
import type { CliCommand, OptionSpec } from '../../../src/cli/base/command.ts'
import { GLOBAL_OPTIONS } from '../../../src/cli/base/global-options.ts'
import { CLI_COMMANDS } from '../../../src/cli/commands/index.ts'
import { scriptedGate } from '../gate/scripted-gate.ts'
import { emptyFolder, sluice } from '../gate/support.ts'

type Row = { path: string; name: string; option: OptionSpec }

function rowsOf({ name, options = [], subcommands = [] }: CliCommand, parent = ''): Row[] {
  const path = `${parent}${name}`
  return [...rows(path, options), ...subcommands.flatMap((each) => rowsOf(each, `${path} `))]
}

function rows(path: string, options: readonly OptionSpec[]): Row[] {
  return options.flatMap((option) => {
    const [, name] = /(--[\w-]+) \[?[A-Z]/.exec(option.flags) ?? []
    return name === undefined ? [] : [{ path, name, option }]
  })
}

const ROWS = [...CLI_COMMANDS.flatMap((command) => rowsOf(command)), ...rows('status', GLOBAL_OPTIONS)]

/** Command lines whose first argument is needed and empty. */
function emptied(
  { name, arguments: specs = [], subcommands = [] }: CliCommand,
  parent: string[] = [],
): string[][] {
  const path = [...parent, name]
  const needed = specs.filter((each) => each.name.startsWith('<')).map((_, at) => (at === 0 ? '' : 'x'))
  return [
    ...(needed.length > 0 ? [[...path, ...needed]] : []),
    ...subcommands.flatMap((each) => emptied(each, path)),
  ]
}

it.each(CLI_COMMANDS.flatMap((command) => emptied(command)).map((line) => ({ line })))(
  'no argument that is needed may be empty: $line',
  async ({ line }) => {
    const gate = await scriptedGate()
    const { code, out, err } = await gate.run([...line, '--yes'], { cwd: await emptyFolder() })
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('> must not be empty')])
    expect(gate.asked).toEqual([])
  },
)

describe('an option', () => {
  it.each(ROWS.filter(({ option }) => option.number))(
    '$path $name takes no number out of its range',
    async ({ path, name, option }) => {
      const cwd = await emptyFolder()
      for (const value of ['', ' ', 'x', 'NaN', 'Infinity', '-1', '1e21']) {
        const { code, err } = await sluice([...path.split(' '), `${name}=${value}`], { cwd })
        expect([code, err], value).toEqual([
          2,
          expect.stringContaining(`argument '${value}' is invalid. It must be ${option.number?.must}.`),
        ])
      }
    },
  )

  it.each(ROWS.filter(({ option }) => !option.number && !option.mayBeEmpty))(
    '$path $name is not empty',
    async ({ path, name, option }) => {
      const { code, err } = await sluice([...path.split(' '), `${name}=`], { cwd: await emptyFolder() })
      const why = option.choices ? 'Allowed choices are' : 'It must not be empty.'
      expect([code, err]).toEqual([
        2,
        expect.stringMatching(new RegExp(`${name}.* argument '' is invalid. ${why}`)),
      ])
    },
  )

  it('that may be empty is one whose empty value says something', () => {
    const names = ROWS.filter(({ option }) => option.mayBeEmpty).map(({ name }) => name)
    expect([...new Set(names)].sort()).toEqual(['--note', '--reason', '--summary'])
  })

  it.each([
    ['audit --limit 1001', 'a whole number from 1 to 1000'],
    ['audit --limit 0', 'a whole number from 1 to 1000'],
    ['history --limit 1.5', 'a whole number from 1 to 1000'],
    ['publish --expect 1.5', 'a whole number, at least 0'],
    ['flags create n --percentage 101', 'a number from 0 to 100'],
    ['outcomes f --note x --attempt 0', 'a whole number, at least 1'],
    ['token create ci --days 3651', 'a whole number from 1 to 3650'],
    ['kill f --wait --within 86401', 'a number from 0 to 86400'],
    ['status --timeout 0', 'a number above 0, at most 86400'],
    ['plan --rps 0', 'a number above 0, at most 1000000000'],
    ['plan --rps 5 --error-rate 1', 'a number from 0 to below 1'],
    ['simulate --stage 1001', 'a whole number from 1 to 1000'],
    ['simulate --visitors 1000001', 'a whole number from 1 to 1000000'],
    ['preview f=on --path checkout', 'a path that begins with one "/", or a URL'],
    ['preview f=on --path //evil.test', 'a path that begins with one "/", or a URL'],
  ])('%s asks the gate nothing', async (line, must) => {
    const gate = await scriptedGate()
    const { code, out, err } = await gate.run(line)
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(must)])
    expect(gate.asked).toEqual([])
  })

  it.each([
    ['audit --limit 1000', 'GET /audit?limit=1000'],
    ['audit --limit 1 --before 0', 'GET /audit?limit=1&before=0'],
    ['preview f=on --path /', 'POST /preview {"overrides":{"f":"on"},"path":"/"}'],
    [
      'preview f=on --path https://a.test/b',
      'POST /preview {"overrides":{"f":"on"},"path":"https://a.test/b"}',
    ],
  ])('%s is sent', async (line, asked) => {
    const gate = await scriptedGate()
    expect((await gate.run(line)).code).toBe(0)
    expect(gate.lines()).toEqual([asked])
  })
})

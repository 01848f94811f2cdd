/** docs/cli.md: the command line, from the same definitions that the parser reads. */

import { GLOBAL_OPTIONS } from '../../src/cli/base/global-options.ts'
import { type ArgumentSpec, GROUPS, type OptionSpec, type Verb } from '../../src/cli/base/verb.ts'
import { VERBS } from '../../src/cli/commands/index.ts'
import { EXIT_CODES } from '../../src/cli/program/program.ts'

const INTRODUCTION = `# The command line

<!-- Written by \`npm run generate\` from src/cli. -->

\`npx sluice VERB\` in a folder where the package is installed, or in the repository. \`sluice help VERB\` prints what
stands here about a verb.

## Which gate

The first of these that is there:

1. \`--url URL\`, with the token of \`--token-file\` or \`SLUICE_TOKEN\`, or of the profile that has this URL
2. \`--profile NAME\`
3. \`SLUICE_URL\`
4. \`SLUICE_PROFILE\`
5. the current profile (\`sluice profile use NAME\`)
6. the gate that \`sluice dev\` runs in this folder
7. \`http://127.0.0.1:8787\`

| variable | what for |
|---|---|
| \`SLUICE_URL\` | the gate |
| \`SLUICE_TOKEN\` | token of the admin API |
| \`SLUICE_PROFILE\` | name of a profile |
| \`SLUICE_CONFIG_DIR\` | where profiles are kept (\`~/.config/sluice\`) |
| \`NO_COLOR\`, \`FORCE_COLOR\` | colours never, or always; otherwise on terminals only |

## Scripts

- \`--json\` prints one JSON value on standard output, also for errors: \`{"error": {"kind": …, "message": …}}\`.
- What is for people only (progress, warnings, questions) goes to standard error, and not at all with \`--json\`.
- Where nobody can be asked, a verb that asks ends with exit code 2; \`--yes\` answers.
- ${EXIT_CODES}.`

export function cliPage(): string {
  const groups = GROUPS.map((group) => [group, VERBS.filter((verb) => verb.group === group)] as const)
  const overview = groups.map(([group, verbs]) => `| ${group} | ${verbs.map(linkTo).join(' · ')} |`)
  return `${[
    INTRODUCTION,
    `## Options of every verb\n\n${optionsTable(GLOBAL_OPTIONS)}`,
    `## Verbs\n\n| | |\n|---|---|\n${overview.join('\n')}`,
    ...groups.flatMap(([, verbs]) => verbs.flatMap((verb) => sections(verb, ''))),
  ].join('\n\n')}\n`
}

function linkTo({ name }: Verb): string {
  return `[${name}](#sluice-${name})`
}

function sections(verb: Verb, parent: string): string[] {
  const path = `${parent}${verb.name}`
  const own = [
    `${parent === '' ? '###' : '####'} sluice ${path}`,
    `${sentence(verb.summary)}${verb.details ? `\n\n${verb.details}` : ''}`,
  ]
  if (verb.run) own.push(`\`\`\`sh\n${usage(path, verb)}\n\`\`\``)
  if (verb.arguments?.length) own.push(argumentsTable(verb.arguments))
  if (verb.options?.length) own.push(optionsTable(verb.options))
  own.push(verb.run ? examples(verb) : '')
  if (verb.failsWhen) own.push(`Exit code 1: ${verb.failsWhen}.`)
  const whole = own.filter((part) => part !== '').join('\n\n')
  return [whole, ...(verb.verbs ?? []).flatMap((each) => sections(each, `${path} `))]
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`
}

function usage(path: string, verb: Verb): string {
  const names = (verb.arguments ?? []).map(({ name }) => name)
  return ['sluice', path, ...names, ...(verb.options?.length ? ['[options]'] : [])].join(' ')
}

function examples({ examples: all }: Verb): string {
  const width = Math.max(...all.map(([line]) => line.length))
  return `\`\`\`sh\n${all.map(([line, meaning]) => `sluice ${line.padEnd(width)}  # ${meaning}`).join('\n')}\n\`\`\``
}

function argumentsTable(all: readonly ArgumentSpec[]): string {
  return twoColumns(
    'argument',
    all.map(({ name, summary }) => [name, summary]),
  )
}

function optionsTable(all: readonly OptionSpec[]): string {
  const rows = all.map(({ flags, summary, choices, kind }): [string, string] => {
    const allowed = choices ? `; one of ${choices.join(', ')}` : ''
    return [
      flags,
      `${summary}${allowed}${kind === 'list' && !/repeat|several/.test(summary) ? '; can be repeated' : ''}`,
    ]
  })
  return twoColumns('option', rows)
}

function twoColumns(what: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, text]) => `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`)
  return [`| ${what} | |`, '|---|---|', ...lines].join('\n')
}

import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * The arguments of a script, by `parseArgs` of Node. The comment that opens the script is its help: `--help` prints it and
 * ends the process with 0; arguments that the script does not take print what is wrong and the help, and end it with 2.
 *
 * @example
 * const { values } = scriptArgs({ options: { quick: { type: 'boolean' } } })
 */
export function scriptArgs<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.includes('--help')) {
    console.log(helpOf(process.argv[1] ?? ''))
    process.exit(0)
  }
  try {
    return parseArgs(config)
  } catch (error) {
    if (!isWrongUsage(error)) throw error
    console.error(`${error.message}\n\n${helpOf(process.argv[1] ?? '')}`)
    process.exit(2)
  }
}

function isWrongUsage(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  )
}

/** The comment that opens a file, without its asterisks. */
function helpOf(file: string): string {
  const [, comment = ''] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(file, 'utf8')) ?? []
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

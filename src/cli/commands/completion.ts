import { ownOf } from '../../core/json-object.ts'
import type { CliCommand } from '../base/command.ts'
import { candidates } from '../base/complete.ts'
import { UsageError } from '../base/errors.ts'
import type { Terminal } from '../base/terminal.ts'
import { readDocumentFile } from '../document/document-file.ts'

/** The script of each shell; all of them call `sluice completion words` for what can come next. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_sluice() {
  COMPREPLY=()
  local words
  words=$(sluice completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || {
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
    return
  }
  local IFS=$'\\n'
  COMPREPLY=($words)
}
complete -o filenames -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local -a found
  found=("\${(@f)$(sluice completion words -- "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}") || { _files; return }
  compadd -a found
}
compdef _sluice sluice
`,
  fish: `function __sluice
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  sluice completion words -- $words 2>/dev/null; or __fish_complete_path (commandline -ct)
end
complete -c sluice -f -a '(__sluice)'
`,
}
const SHELLS = Object.keys(SCRIPTS)

/** The command, for the commands that it completes. */
export const completionOf = (commands: () => readonly CliCommand[]): CliCommand => ({
  name: 'completion',
  group: 'Manage',
  summary: 'Print the completion script of a shell',
  details:
    'Completes commands, options, and the flags of the document in the current folder. "completion words -- WORDS" prints what can come next, one per line; exit code 1 means a file.',
  arguments: [
    { name: '<shell>', summary: `${SHELLS.join(', ')}, or words`, completes: [...SHELLS, 'words'] },
    { name: '[words...]', summary: 'with words: the command line so far, without "sluice"' },
  ],
  examples: [
    ['completion bash >> ~/.bashrc', 'for bash; open a new shell afterwards'],
    ['completion fish > ~/.config/fish/completions/sluice.fish', 'for fish'],
  ],
  async run({ args, terminal }) {
    const [shell = '', ...words] = args
    if (shell === 'words') return await nextWords(commands(), words, terminal)
    const script = ownOf(SCRIPTS, shell)
    if (script !== undefined) return { json: { shell, script }, text: script }
    throw new UsageError(`The shell must be one of ${SHELLS.join(', ')}, not ${shell}`)
  },
})

async function nextWords(commands: readonly CliCommand[], words: readonly string[], terminal: Terminal) {
  const flags = await knownFlags(terminal)
  const found = candidates(commands, words, () => flags)
  return { json: { words: found ?? null }, text: (found ?? []).join('\n'), failed: found === undefined }
}

/** The flags of the folder's document; none while it is being edited and does not parse. */
async function knownFlags(terminal: Terminal): Promise<string[]> {
  try {
    const { text } = await readDocumentFile(undefined, terminal)
    const { flags } = JSON.parse(text) as { flags?: object }
    return Object.keys(flags ?? {})
  } catch {
    return []
  }
}

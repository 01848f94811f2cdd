/** Options that every command takes. */
import type { OptionSpec } from './command.ts'
import { DAY_SECONDS, numberAbove } from './number-rule.ts'

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--url URL', summary: 'the gate, such as https://www.example.com (or SLUICE_URL)' },
  { flags: '--profile NAME', summary: 'the gate of a profile (or SLUICE_PROFILE)' },
  {
    flags: '--token TOKEN',
    summary: 'the token; other users can see it here: prefer SLUICE_TOKEN or a profile',
  },
  { flags: '--token-file FILE', summary: 'read the token from a file; "-" is standard input' },
  {
    flags: '--timeout SECONDS',
    summary: 'how long the gate may take to answer (10)',
    number: numberAbove(0, DAY_SECONDS),
  },
  { flags: '--json', summary: 'print one JSON value and nothing else on standard output' },
  { flags: '-y, --yes', summary: 'skip confirmation prompts' },
  { flags: '--no-color', summary: 'no colours (also NO_COLOR)' },
]

/** Options that every verb takes. */
import type { OptionSpec } from './verb.ts'

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--url URL', summary: 'the gate, such as https://www.example.com (or SLUICE_URL)' },
  { flags: '--profile NAME', summary: 'the gate of a profile (or SLUICE_PROFILE)' },
  { flags: '--token TOKEN', summary: 'better in SLUICE_TOKEN or a profile: others can see arguments' },
  { flags: '--token-file FILE', summary: 'file that holds the token; "-" reads it from standard input' },
  { flags: '--timeout SECONDS', summary: 'how long the gate may take to answer (10)', kind: 'number' },
  { flags: '--json', summary: 'print one JSON value and nothing else on standard output' },
  { flags: '-y, --yes', summary: 'ask nothing, take every question for answered with yes' },
  { flags: '--no-color', summary: 'no colours (also NO_COLOR)' },
]

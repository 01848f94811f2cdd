/** What bin/sluice.js starts. */

import { processTerminal } from '../base/terminal.ts'
import { main } from './main.ts'

const code = await main(process.argv.slice(2), processTerminal())
// What is still on its way to a pipe gets there before the process ends.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))

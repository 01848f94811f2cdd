/** The entry point of bin/sluice.js. */
import { processTerminal } from '../base/terminal.ts'
import { main } from './main.ts'

const code = await main(process.argv.slice(2), processTerminal())
// Flushes pipes before the process ends.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))

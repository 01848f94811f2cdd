/**
 * `npm run generate`: the published JSON Schema and the reference page, both from src/core/config/schema/document.ts; the
 * OpenAPI description of the admin API from src/contract; the page of the command line from src/cli; the table of rooms in
 * ARCHITECTURE.md from scripts/architecture/rules.ts; the tables of what the guard can't see in docs/guard.md.
 * With `--check` nothing is written; the exit code says whether what is there is up to date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PROJECT_ROOT } from '../src/local/build/build-worker.ts'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { withRoomsTable } from './architecture/table.ts'
import { cliPage } from './generate/cli-page.ts'
import { gateDocumentJsonSchema } from './generate/json-schema.ts'
import { openApiDocument } from './generate/openapi.ts'
import { referencePage } from './generate/reference-page.ts'
import { withUnseenTables } from './generate/unseen-table.ts'

const { check: checkOnly } = scriptArgs({ options: { check: { type: 'boolean' } } }).values
const { version } = JSON.parse(await readFile(resolve(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  version: string
}

const outputs: Readonly<Record<string, string>> = {
  'config/sluice.schema.json': `${JSON.stringify(gateDocumentJsonSchema(), null, 2)}\n`,
  'config/openapi.json': `${JSON.stringify(openApiDocument(version), null, 2)}\n`,
  'ARCHITECTURE.md': withRoomsTable(await readFile(resolve(PROJECT_ROOT, 'ARCHITECTURE.md'), 'utf8')),
  'docs/cli.md': cliPage(),
  'docs/guard.md': withUnseenTables(await readFile(resolve(PROJECT_ROOT, 'docs/guard.md'), 'utf8')),
  'docs/reference.md': referencePage(gateDocumentJsonSchema()),
}

let stale = false
for (const [path, text] of Object.entries(outputs)) {
  const file = resolve(PROJECT_ROOT, path)
  const present = await readFile(file, 'utf8').catch(() => '')
  if (present === text) continue
  stale = true
  if (!checkOnly) await writeFile(file, text)
  console.log(checkOnly ? `${path} is out of date: run "npm run generate"` : `wrote ${path}`)
}
process.exit(checkOnly && stale ? 1 : 0)

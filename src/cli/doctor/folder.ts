/** The folder of a gate: its document, wrangler.toml, and the local secrets. */
import { existsSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { namedSecrets } from '../../core/config/named-secrets.ts'
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { messageOf } from '../../core/message-of.ts'
import { DEV_VARS, readDevVars } from '../connection/dev-vars.ts'
import { problemsIn, readDocumentFile } from '../document/document-file.ts'
import { type Finding, fault, type Look, ok, type Patient, warning } from './finding.ts'

/** The document of the folder; undefined where there is none, or none that can be used. */
export async function documentIn({ call: { terminal, args } }: Patient): Promise<GateDocument | undefined> {
  const file = await readDocumentFile(args[0], terminal).catch(() => undefined)
  const parsed = file && parseDocument(file.text)
  return parsed?.ok ? parsed.value : undefined
}

export const lookAtDocument: Look = async ({ call: { terminal, args } }) => {
  const file = await readDocumentFile(args[0], terminal).catch((error: unknown) => messageOf(error))
  if (typeof file === 'string')
    return [warning('document', file, 'run this in the folder of a gate, or: sluice init')]
  const problems = problemsIn(file)
  const [first] = problems
  if (first !== undefined) {
    const where = `${first.file}:${first.line}:${first.column}`
    return [
      fault(
        'document',
        `${file.name} has ${plural(problems.length, 'problem')}, the first at ${where}`,
        'sluice check',
      ),
    ]
  }
  const parsed = parseDocument(file.text)
  const findings = [ok('document', `${file.name} has no problems`)]
  if (parsed.ok && parsed.value.notifications.webhooks.length === 0)
    findings.push(
      warning(
        'webhooks',
        'the document names none: no one is told of a rollback',
        'add one to "notifications"',
      ),
    )
  return findings
}

/** Shorter ones can be guessed by trying. */
const MIN_SECRET = 16
const OTHERS = 0o077

export const lookAtSecrets: Look = async (patient) => {
  const { folder, call } = patient
  const path = join(folder, DEV_VARS)
  if (!existsSync(path)) return []
  const findings: Finding[] = []
  const vars = { ...(await readDevVars(folder)), ...call.terminal.env }
  if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS) !== 0)
    findings.push(fault(DEV_VARS, 'other users of this machine can read it', `chmod 600 ${DEV_VARS}`))
  if (existsSync(join(folder, '.git')) && !isIgnored(folder))
    findings.push(fault(DEV_VARS, 'git would commit it', `add ${DEV_VARS} to .gitignore`))
  for (const name of ['ADMIN_TOKEN', 'SIGNING_KEY'] as const) {
    const why = {
      ADMIN_TOKEN: 'each start makes another token',
      SIGNING_KEY: 'visitors can make up their ids',
    }[name]
    const value = vars[name]
    if (!value)
      findings.push(
        fault(name, `${DEV_VARS} has none: ${why}`, `add a line ${name}=… with 32 random characters`),
      )
    else if (value.length < MIN_SECRET)
      findings.push(
        fault(
          name,
          `it has ${plural(value.length, 'character')}: it can be guessed`,
          `make it at least ${MIN_SECRET} long`,
        ),
      )
  }
  if (vars.ADMIN_TOKEN && vars.ADMIN_TOKEN === vars.SIGNING_KEY)
    findings.push(
      fault(
        'SIGNING_KEY',
        'it is the ADMIN_TOKEN: who operates the gate could sign as it',
        'make a secret for each',
      ),
    )
  const document = await documentIn(patient)
  for (const name of document === undefined ? [] : namedSecrets(document))
    if (!vars[name])
      findings.push(
        fault(name, `the document names this secret, and ${DEV_VARS} has none`, `add a line ${name}=…`),
      )
  return findings.length > 0 ? findings : [ok('secrets', `those of ${DEV_VARS} are there, and private`)]
}

function isIgnored(folder: string): boolean {
  const path = join(folder, '.gitignore')
  if (!existsSync(path)) return false
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
  return [DEV_VARS, `/${DEV_VARS}`, '.dev.vars*', '*.vars'].some((each) => lines.includes(each))
}

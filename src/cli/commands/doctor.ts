import { dirname, resolve } from 'node:path'
import { plural } from '../../core/figures.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { type Finding, findingLine, type Look, type Patient } from '../doctor/finding.ts'
import { lookAtDocument, lookAtSecrets } from '../doctor/folder.ts'
import { lookAtGate } from '../doctor/gate.ts'
import { lookAtNode, lookAtPackages, lookAtProfiles } from '../doctor/machine.ts'
import { lookAtOrigins } from '../doctor/origins.ts'
import { lookAtToml } from '../doctor/toml.ts'

const LOOKS: readonly Look[] = [
  ...[lookAtNode, lookAtPackages, lookAtProfiles],
  ...[lookAtDocument, lookAtToml, lookAtSecrets, lookAtOrigins, lookAtGate],
]

export const doctor: CliCommand = {
  name: 'doctor',
  group: 'Set up',
  summary: 'Look for what is wrong with the setup',
  details:
    'Looks at Node, wrangler, the document, wrangler.toml with its KV id, the secrets of .dev.vars, the origins with their cookies and clocks, and the gate with its token. Changes nothing.',
  arguments: [{ name: '[file]', summary: 'the document (gate.json)', completes: 'files' }],
  examples: [
    ['doctor', 'in the folder of a gate'],
    ['doctor my-site/gate.json', 'in another folder'],
    ['doctor --url https://sluice.example.com', 'with a gate, by the host of its dashboard'],
  ],
  failsWhen: 'something is wrong; warnings are not',
  async run(call) {
    const { cwd } = call.terminal
    const [file] = call.args
    const folder = file === undefined ? cwd : dirname(resolve(cwd, file))
    const patient: Patient = { call, folder, nodeVersion: process.versions.node, nowMs: Date.now() }
    const found = await call.during('looking', Promise.all(LOOKS.map((look) => look(patient))))
    const findings = found.flat()
    const faults = findings.filter(({ level }) => level === 'fault').length
    return { json: { ok: faults === 0, findings }, text: textOf(call, findings, faults), failed: faults > 0 }
  },
}

function textOf({ paint }: Call, findings: readonly Finding[], faults: number): string {
  const lines = findings.map((finding) => findingLine(finding, paint))
  const warnings = findings.filter(({ level }) => level === 'warning').length
  const sum = faults === 0 ? paint('green', 'nothing is wrong') : paint('red', plural(faults, 'fault'))
  return `${lines.join('\n')}\n\n${sum}${warnings > 0 ? `, ${plural(warnings, 'warning')}` : ''}`
}

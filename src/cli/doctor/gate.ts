/** The gate that commands of this folder ask. */
import { ApiError } from '../../contract/client.ts'
import { messageOf } from '../../core/message-of.ts'
import { addressText, Unreachable, UsageError } from '../base/errors.ts'
import { type Finding, fault, type Look, ok, skewOf, warning } from './finding.ts'

export const lookAtGate: Look = async ({ call, nowMs }) => {
  try {
    const gate = await call.gate()
    const address = addressText(gate)
    const who = await gate.client.call('whoAmI')
    const status = await gate.client.call('getStatus')
    const findings: Finding[] = [ok('gate', `${address} knows you as ${who.name} (${who.role})`)]
    if (status.controller !== 'ok')
      findings.push(fault('Controller', 'it does not answer', 'sluice status; a kill still works'))
    if (status.document.kvError) findings.push(fault('KV', status.document.kvError, 'sluice status'))
    for (const { key } of status.document.refused)
      findings.push(
        fault(
          'KV',
          key === 'kill'
            ? 'the kill list in KV has names that no flag has'
            : `the ${key} in KV has problems and is not in force`,
          'sluice status shows them',
        ),
      )
    if (!status.signing) {
      const isHere = status.environment === 'development'
      const fix = isHere ? 'add SIGNING_KEY to .dev.vars, or set it' : 'wrangler secret put SIGNING_KEY'
      const found = isHere ? warning : fault
      findings.push(found('SIGNING_KEY', 'the gate has none: visitors can make up their ids', fix))
    }
    if (status.internalErrors.length > 0)
      findings.push(
        warning(
          'gate',
          `it survived internal errors, the last at ${status.internalErrors[0]?.place}`,
          'sluice status',
        ),
      )
    const skew = skewOf('the gate', Date.parse(status.at), nowMs)
    return skew ? [...findings, skew] : findings
  } catch (error) {
    return [gateFinding(error)]
  }
}

function gateFinding(error: unknown): Finding {
  const text = messageOf(error)
  if (error instanceof Unreachable && error.address.isGuess)
    return warning(
      'gate',
      text,
      'start one: sluice dev (in the repository: npm start); or name yours: --url URL',
    )
  if (error instanceof ApiError && error.status === 401) return fault('token', text, 'sluice login URL')
  if (error instanceof UsageError) return fault('gate', text, 'name the gate: --url URL')
  return fault('gate', text, 'is it running, and is the address right?')
}

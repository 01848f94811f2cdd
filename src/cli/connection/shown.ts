/** What a gate says, as a terminal may show it. */
import type { OperationId } from '../../contract/routes.ts'
import type { Gate } from '../base/command.ts'
import { printableDeep } from '../base/printable.ts'

/** Their answers are files: they are written and published again as they are. */
const EXACT: readonly OperationId[] = ['getDocument', 'getVersion']

/** The gate with a client whose answers are printable: no value forges a row, a colour or another value. */
export function shown({ client, ...address }: Gate): Gate {
  return {
    ...address,
    client: {
      open: client.open,
      call: async (id, call, signal) => {
        const answer = await client.call(id, call, signal)
        return EXACT.includes(id) ? answer : printableDeep(answer)
      },
      command: async (...args) => printableDeep(await client.command(...args)),
    },
  }
}

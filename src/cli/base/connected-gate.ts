/** A gate that can be talked to. */
import type { AdminClient } from '../../contract/client.ts'

export type Gate = {
  url: string
  client: AdminClient
}

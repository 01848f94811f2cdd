import type { Role, TokenRole } from '../../contract/routes.ts'

/** The caller; the name appears in the audit log. */
export type Actor = { name: string; role: TokenRole }

/** A caller of the admin API. */
export type AdminActor = Actor & { role: Role }

import type { Role } from '../../contract/routes.ts'

/** The caller; the name appears in the audit log. */
export type Actor = { name: string; role: Role }

/** What the scripts of the pages offer to a test; types only, as tests know nothing of browsers. */

type Context = Record<string, string>
type Details = { value: unknown; reason?: string; errorCode?: string; flagMetadata: object }

export type OpenFeaturePage = {
  /** `ready`, or what went wrong. The gate is the page's own unless another is given. */
  start(context: Context, token?: string, gateUrl?: string): Promise<string>
  setContext(context: Context): Promise<void>
  boolean(flag: string): Details
  string(flag: string): string
  track(name: string, details: Record<string, unknown>): void
  close(): Promise<void>
  seen(): { changes: number; errors: string[] }
}

export type HelperPage = {
  value(flag: string, otherwise: unknown): unknown
  variant(flag: string): string | undefined
  reportError(flag: string, error?: unknown): void
  time(flag: string, fn: () => unknown): unknown
  feedback(flag: string, text: string): void
  track(metric: string, details?: { value?: number; id?: string }): void
  refresh(): Promise<void>
}

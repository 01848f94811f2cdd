import { table } from '../../test-kit/report/emit.ts'

export type DocumentFigures = {
  flags: number
  bytes: number
  /** CPU time. */
  parseMs: number
  compileMs: number
  keptBytes: number
  /** From the start of workerd to the first answer that was decided by this document. */
  firstAnswerMs: number
}

export type DocumentResult = {
  mode: string
  repeats: number
  bundleBytes: number
  /** CPU time. */
  startUpMs: number
  rows: DocumentFigures[]
}

export function toMarkdown({ rows, bundleBytes, startUpMs, repeats }: DocumentResult): string {
  const head = ['flags', 'document', 'parse (CPU)', 'compile (CPU)', 'memory kept', 'start to first answer']
  const body = rows.map(({ flags, bytes, parseMs, compileMs, keptBytes, firstAnswerMs }) => [
    flags.toLocaleString('en'),
    `${(bytes / 1e3).toFixed(0)} kB`,
    `${parseMs.toFixed(1)} ms`,
    `${compileMs.toFixed(1)} ms`,
    `${(keptBytes / 1e6).toFixed(2)} MB`,
    `${firstAnswerMs.toFixed(0)} ms`,
  ])
  return `${table(head, body)}

The Worker is ${(bundleBytes / 1e3).toFixed(1)} kB gzip; its start-up takes ${startUpMs.toFixed(1)} ms of CPU. Medians of ${repeats}.`
}

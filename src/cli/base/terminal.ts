/** Where a command reads and writes: the process, or buffers in tests. */
import { styleText } from 'node:util'
import { printableFile, printableText } from './printable.ts'

export type Terminal = {
  out(text: string): void
  err(text: string): void
  /** Whether standard output, or standard error, is a terminal. */
  outIsScreen: boolean
  errIsScreen: boolean
  /** Whether questions can be asked. */
  canAsk: boolean
  columns: number
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** The file by which this program was started. */
  script: string
  /** All of standard input. */
  readInput(): Promise<string>
  /** Aborted by Ctrl-C. */
  stop: AbortSignal
}

/** What steers the screen; each must be a separate write. */
export const SCREEN = {
  /** The alternate screen, without cursor; and back. */
  enter: '\x1b[?1049h\x1b[?25l',
  leave: '\x1b[?25h\x1b[?1049l',
  redraw: '\x1b[H\x1b[J',
  lineStart: '\r',
  clearLine: '\x1b[K',
} as const
const STEERING: ReadonlySet<string> = new Set(Object.values(SCREEN))

/** A terminal whose writes steer it by `SCREEN` and colours alone, whatever the texts hold. */
export type SafeTerminal = Terminal & {
  /** Writes the content of a file: unchanged, unless a screen would show it. */
  outExact(text: string): void
}

/** The one place through which everything goes that a terminal shows. */
export function safeTerminal(terminal: Terminal): SafeTerminal {
  const safe = (text: string) => (STEERING.has(text) ? text : printableText(text))
  return {
    ...terminal,
    out: (text) => terminal.out(safe(text)),
    err: (text) => terminal.err(safe(text)),
    outExact: (text) => terminal.out(terminal.outIsScreen ? printableFile(text) : text),
  }
}

export type Style = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold'
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

const COLOURED: Paint = (style, text) => styleText(style, text, { validateStream: false })
const PLAIN: Paint = (_style, text) => text

/** Colours only on terminals, unless the environment says otherwise (https://no-color.org). */
export function paintFor({ env }: Terminal, isScreen: boolean): Paint {
  if (env.NO_COLOR) return PLAIN
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return COLOURED
  return isScreen && env.TERM !== 'dumb' ? COLOURED : PLAIN
}

/** The terminal of this process. The first Ctrl-C stops gracefully, the second at once. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin } = process
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  // A reader such as `head` that closes the pipe early is not a failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    outIsScreen: stdout.isTTY === true,
    errIsScreen: stderr.isTTY === true,
    canAsk: stdin.isTTY === true && stdout.isTTY === true,
    columns: stdout.columns ?? 80,
    env: process.env,
    cwd: process.cwd(),
    script: process.argv[1] ?? '',
    readInput: async () => {
      let text = ''
      for await (const chunk of stdin.setEncoding('utf8')) text += chunk
      return text
    },
    stop: stop.signal,
  }
}

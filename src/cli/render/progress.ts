/** A spinner on standard error for work that takes longer than a second. */
import { type Paint, paintFor, SCREEN, type Terminal } from '../base/terminal.ts'

/** For shorter waits it would only flicker. */
const PATIENCE_MS = 1_000
const FRAME_MS = 100
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Waits for some work, and says what it is when that takes long. */
export async function during<T>(terminal: Terminal, what: string, work: Promise<T>): Promise<T> {
  let stop = () => {}
  const timer = setTimeout(() => {
    if (terminal.errIsScreen) stop = spin(terminal, what, paintFor(terminal, true))
    else terminal.err(`${what} …\n`)
  }, PATIENCE_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
    stop()
  }
}

function spin(terminal: Terminal, what: string, paint: Paint): () => void {
  const startedMs = Date.now()
  let frame = 0
  const draw = () => {
    const seconds = Math.round((Date.now() - startedMs + PATIENCE_MS) / 1_000)
    const sign = paint('cyan', FRAMES[frame++ % FRAMES.length] ?? '')
    terminal.err(SCREEN.lineStart)
    terminal.err(`${sign} ${what} ${paint('dim', `${seconds} s`)}`)
    terminal.err(SCREEN.clearLine)
  }
  draw()
  const timer = setInterval(draw, FRAME_MS)
  return () => {
    clearInterval(timer)
    terminal.err(SCREEN.lineStart)
    terminal.err(SCREEN.clearLine)
  }
}

/**
 * The gate, with a log for machines: each event is one line of JSON on standard output, with its time and level, and all
 * that it holds, however deep. What workerd itself has to say goes to standard error.
 */
export * from './worker.js'
export { default } from './worker.js'

const write = console.log.bind(console)

for (const level of ['debug', 'log', 'info', 'warn', 'error'])
  console[level] = (...said) => write(lineOf(level === 'log' ? 'info' : level, said))

function lineOf(level, said) {
  const start = { time: new Date().toISOString(), level }
  const [event] = said
  try {
    if (said.length === 1 && Object.getPrototypeOf(event ?? 0) === Object.prototype)
      return JSON.stringify({ ...start, ...event })
  } catch {
    // What JSON can't hold, such as a cycle, is logged as text.
  }
  return JSON.stringify({ ...start, message: said.map(String).join(' ') })
}

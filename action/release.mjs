/**
 * The step of the action: runs `sluice release`, passes its result on as outputs, and comments on the pull request.
 * No input becomes part of a shell command: each is an argument of its own.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'

const env = process.env
const [command = 'npx', ...before] = (env.INPUT_COMMAND || 'npx --no-install sluice').split(/\s+/)
const origins = (env.INPUT_ORIGIN ?? '').split('\n').map((line) => line.trim())
const args = [
  ...before,
  'release',
  `--flag=${env.INPUT_FLAG ?? ''}`,
  ...origins.filter((line) => line !== '').map((line) => `--origin=${line}`),
  `--version=${env.INPUT_VERSION || env.GITHUB_SHA || ''}`,
  ...(env.INPUT_WAIT === 'false' ? [] : ['--wait']),
  ...(env.INPUT_WAIT_LIMIT ? [`--wait-limit=${env.INPUT_WAIT_LIMIT}`] : []),
  '--json',
  '--yes',
]

const { code, out } = await run()
const { result, reason, link, markdown, error } = parsed(out)
if (error) console.error(`::error::${oneLine(error.message)}`)
else console.log(`${env.INPUT_FLAG}: ${result}: ${reason}\n${link}`)
if (code !== 0 && result) console.error(`::error::${oneLine(`${result}: ${reason}`)}`)
output({ result: result ?? 'failed', reason: reason ?? error?.message ?? '', link: link ?? '' })
if (markdown && env.INPUT_COMMENT !== 'false') await comment(markdown)
process.exitCode = code

function run() {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.on('error', ({ message }) => resolve({ code: 2, out: JSON.stringify({ error: { message } }) }))
    child.on('close', (code) => resolve({ code: code ?? 1, out }))
  })
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { error: { message: `sluice said nothing that could be read: ${text.slice(0, 200)}` } }
  }
}

function oneLine(text) {
  return String(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A')
}

/** Outputs are lines of NAME=VALUE: a value of several lines could name others. */
function output(values) {
  if (!env.GITHUB_OUTPUT) return
  const lines = Object.entries(values).map(
    ([name, value]) => `${name}=${String(value).replace(/[\r\n]+/g, ' ')}\n`,
  )
  appendFileSync(env.GITHUB_OUTPUT, lines.join(''))
}

/** Comments on the pull request that the job runs for; what fails here is told, and fails nothing. */
async function comment(markdown) {
  const number = pullRequest()
  if (number === undefined || !env.GITHUB_TOKEN) return
  const api = env.GITHUB_API_URL || 'https://api.github.com'
  const url = `${api}/repos/${env.GITHUB_REPOSITORY}/issues/${number}/comments`
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${env.GITHUB_TOKEN}`,
    'content-type': 'application/json',
    'user-agent': 'sluice-action',
  }
  try {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ body: markdown }) })
    if (!response.ok) console.error(`::warning::Cannot comment on the pull request: ${response.status}`)
  } catch (error) {
    console.error(`::warning::Cannot comment on the pull request: ${oneLine(error.message)}`)
  }
}

function pullRequest() {
  if (!env.GITHUB_EVENT_PATH) return undefined
  try {
    const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8'))
    return event.pull_request?.number ?? event.number
  } catch (error) {
    console.error(`::warning::Cannot read the event: ${oneLine(error.message)}`)
    return undefined
  }
}

/** Sends changes, shows their convergence, and offers to undo those that can be undone. */
import type { AdminClient } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { convergenceText, documentConvergenceText } from '../../contract/words/convergence.ts'
import { showToast } from '../components/toasts.tsx'
import { questionsOf, textOf } from '../state/session.ts'
import type { Change } from './change.ts'
import { type Made, watchUndo, watchVersion } from './undo.ts'

/** `confirm`: the user has seen what the gate asks about it. */
type Word = { reason: string; confirm: boolean }

/**
 * Resolves with whether it was done; a toast says what came of it.
 *
 * @throws ApiError where the gate asks something that the user has not seen
 */
export async function makeChange(client: AdminClient, change: Change, word: Word): Promise<boolean> {
  const { done, undo } = change
  const update = showToast(`${done}…`, 'busy')
  // The way back leads to what was there a moment ago.
  const back = { reason: 'undone', confirm: true }
  const action = undo && { label: 'Undo', run: () => void makeChange(client, undo, back) }
  try {
    const { made, follow } = await send(client, change, word)
    update({ kind: 'done', text: done, action })
    if (undo && made) watchUndo(client, change, made, () => update({ action: undefined }))
    void follow((text) => update({ text: `${done}. ${text}` }))
    return true
  } catch (error) {
    if (questionsOf(error).length > 0) {
      update('gone')
      throw error
    }
    update({ kind: 'problem', text: textOf(error) })
    return false
  }
}

/** Reports the convergence of a change until it is live everywhere or `FOLLOW_MS` are over. */
type Follow = (say: (text: string) => void) => Promise<void>

/** `made`: undefined without the Controller, whose state and convergence are unknown. */
type Sent = { made: Made | undefined; follow: Follow }

async function send(client: AdminClient, change: Change, { reason, confirm }: Word): Promise<Sent> {
  const { flag } = change
  const why = { ...(reason.trim() !== '' && { reason: reason.trim() }), confirm }
  if (change.kind === 'command') {
    const stage = change.stage === undefined ? {} : { stage: change.stage }
    const { epoch, via } = await client.command(flag, change.verb, { ...why, ...stage })
    if (via === 'kv') return { made: undefined, follow: async () => undefined }
    return { made: { epoch }, follow: (say) => followEpoch(client, epoch, say) }
  }
  const params = { flag }
  const { version } =
    change.kind === 'percentage'
      ? await client.call('setPercentage', { params, body: { ...why, ...wantedShare(change) } })
      : await client.call(change.kind === 'enable' ? 'enableFlag' : 'disableFlag', { params, body: why })
  return { made: { version }, follow: (say) => followDocument(client, version, say) }
}

function wantedShare({ percentage, rule }: Change & { kind: 'percentage' }) {
  return rule === undefined ? { percentage } : { percentage, rule }
}

/** Says that a document has replaced version `before`, follows it, and offers to undo that. */
export function tellPublished(
  client: AdminClient,
  { changed, version }: Pick<Responses['publishDocument'], 'changed' | 'version'>,
  before: number,
  done: string,
): void {
  if (!changed) return void showToast('Nothing changed')
  const text = `${done}, as version ${version}`
  const action =
    before === 0 ? undefined : { label: 'Undo', run: () => void putBack(client, before, version) }
  const update = showToast(text, 'done', action)
  watchVersion(version, () => update({ action: undefined }))
  void followDocument(client, version, (arrival) => update({ text: `${text}. ${arrival}` }))
}

async function putBack(client: AdminClient, before: number, expectedVersion: number): Promise<void> {
  try {
    const body = { expectedVersion, confirm: true, reason: 'undone' }
    const restored = await client.call('restoreVersion', { params: { version: String(before) }, body })
    tellPublished(client, restored, expectedVersion, `Version ${before} is in force again`)
  } catch (error) {
    showToast(`Undo failed: ${textOf(error)}`, 'problem')
  }
}

const FOLLOW_MS = 15_000
const POLL_MS = 300

async function followEpoch(client: AdminClient, epoch: number, say: (text: string) => void): Promise<void> {
  await follow(client, { epoch: String(epoch) }, (convergence) => {
    say(convergenceText(convergence))
    return convergence.converged
  })
}

async function followDocument(
  client: AdminClient,
  version: number,
  say: (text: string) => void,
): Promise<void> {
  const sinceMs = Date.now()
  await follow(client, {}, ({ document }) => {
    // A later version has replaced it.
    if (document.version > version) return true
    if (document.version === version) say(documentConvergenceText(document, Date.now() - sinceMs))
    return document.version === version && document.converged
  })
}

/** Polls until `isDone`. */
async function follow(
  client: AdminClient,
  query: { epoch?: string },
  isDone: (convergence: Responses['getConvergence']) => boolean,
): Promise<void> {
  const untilMs = Date.now() + FOLLOW_MS
  while (Date.now() < untilMs) {
    // A failure here does not affect the change itself.
    const convergence = await client.call('getConvergence', { query }).catch(() => undefined)
    if (convergence && isDone(convergence)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

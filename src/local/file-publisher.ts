/**
 * Publishes a document file again whenever it is saved, unless the gate has something else than this file published last:
 * what the dashboard or the command line published meanwhile is never lost. Saving is a person's word for the change.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { ApiError, createAdminClient } from '../contract/client.ts'
import type { Responses } from '../contract/responses.ts'
import { impactLines } from '../contract/words/impact.ts'
import { changeWords } from '../core/config/document-words.ts'
import { jsonOf } from '../core/json-object.ts'
import { messageOf } from '../core/message-of.ts'

export type FilePublisherOptions = {
  /** The file's name, as the operator wrote it. */
  name: string
  gate: { url: string; token: string }
  /** Remembers, over restarts, what this file published last. */
  memory: string
  log: (line: string) => void
}

export class FilePublisher {
  readonly #options: FilePublisherOptions
  readonly #client: ReturnType<typeof createAdminClient>
  /** One save after the other. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: FilePublisherOptions) {
    this.#options = options
    this.#client = createAdminClient({ baseUrl: options.gate.url, token: options.gate.token })
  }

  /** Publishes a text of the file, or says why not. */
  async publish(text: string): Promise<void> {
    const turn = this.#queue.then(() => this.#publishOnce(text))
    this.#queue = turn
    await turn
  }

  async #publishOnce(text: string): Promise<void> {
    const { name, log } = this.#options
    try {
      const inForce = await this.#client.call('getDocument')
      if (isSameJson(inForce.text, text)) return await this.remember(text)
      const last = await this.#last()
      const isOurs = inForce.version === 0 || (last !== undefined && isSameJson(inForce.text, last))
      if (!isOurs) return this.#refuse(inForce, last)
      const review = await this.#client.call('diffDocument', { body: { document: text } })
      const reason = `saved ${name}`
      const body = { document: text, expectedVersion: inForce.version, confirm: true, reason }
      const { version, rollouts } = await this.#client.call('publishDocument', { body })
      await this.remember(text)
      log(`published ${name} as version ${version}`)
      const told = [...reviewLines(review), ...rollouts.map(({ flag, text: what }) => `  ${flag}: ${what}`)]
      for (const line of new Set(told)) log(line)
    } catch (error) {
      log(isConflict(error) ? this.#refusal(error.problem.detail) : messageOf(error))
    }
  }

  #refuse(
    { version, actor, text }: { version: number; actor: string; text: string },
    last: string | undefined,
  ): void {
    const changes = changeWords(last === undefined ? {} : jsonOf(last), jsonOf(text)).map(
      (line) => `  ${line}`,
    )
    this.#options.log([this.#refusal(`${actor} published version ${version}:`), ...changes].join('\n'))
  }

  #refusal(why: string): string {
    const { name } = this.#options
    return `not published: ${name} is not based on what the gate has. ${why}\nTake that over first, which keeps a copy of this edit: sluice pull ${name}`
  }

  async #last(): Promise<string | undefined> {
    return await readFile(this.#options.memory, 'utf8').catch(() => undefined)
  }

  /** Notes what the gate has from this file. */
  async remember(text: string): Promise<void> {
    await writeFile(this.#options.memory, text)
  }
}

/** What `sluice publish` shows before it asks. */
function reviewLines({ summary, people, questions }: Responses['diffDocument']): string[] {
  return [
    ...summary.map((line) => `  ${line}`),
    ...impactLines(people).split('\n'),
    ...(questions.length > 0 ? ['Saving the file confirmed:', ...questions.map((line) => `  ${line}`)] : []),
  ]
}

function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409
}

function isSameJson(a: string, b: string): boolean {
  if (a === b) return true
  try {
    return JSON.stringify(jsonOf(a)) === JSON.stringify(jsonOf(b))
  } catch {
    return false
  }
}

/** The gate document: read, validated, compared, published, restored. */

import { parseDocument } from '../../../core/config/parse/parse.ts'
import { jsonOf } from '../../../core/json-object.ts'
import type { DocumentChange } from '../../../durable/controller/documents.ts'
import type { VersionInfo } from '../../../durable/storage/document-history.ts'
import { problemDetails } from '../../../platform/problem-details.ts'
import type { Call, Handlers } from '../answers/call.ts'
import { publishAnswer, textOf, versionView } from '../answers/publish-answer.ts'

export const documentHandlers: Handlers<
  | 'getDocument'
  | 'validateDocument'
  | 'diffDocument'
  | 'publishDocument'
  | 'listVersions'
  | 'getVersion'
  | 'restoreVersion'
> = {
  getDocument: ({ controller }) => documentAnswer(controller, undefined),

  validateDocument: async ({ body }) => {
    const parsed = parseDocument(textOf(body.document))
    return { valid: parsed.ok, problems: parsed.ok ? [] : [...parsed.problems] }
  },

  diffDocument: async ({ controller, body }) => {
    const review = await controller.review({ kind: 'text', text: textOf(body.document) }, body.flag)
    // A Controller of the release before has none of these.
    const { questions = [], summary = [], audience = [], examples = {} } = review
    return { ...review, problems: [...review.problems], questions, summary, audience, examples }
  },

  publishDocument: (call) => {
    const change: DocumentChange = { kind: 'text', text: textOf(call.body.document) }
    return publishAnswer(call, change, 'published the document')
  },

  listVersions: async ({ controller, query }) => {
    const { current, versions } = await controller.versions(query)
    return { current, versions: versions.map(versionView) }
  },

  getVersion: async ({ controller, params }) => {
    const version = versionIn(params)
    return version instanceof Response ? version : await documentAnswer(controller, version)
  },

  restoreVersion: async (call) => {
    const version = versionIn(call.params)
    if (version instanceof Response) return version
    return await publishAnswer(call, { kind: 'restore', version }, `restored version ${version}`)
  },
}

/** The version that a path names, or the answer that there is none of such a name. */
function versionIn({ version = '' }: Readonly<Record<string, string>>): number | Response {
  if (/^\d{1,15}$/.test(version)) return Number(version)
  return problemDetails(404, 'Not Found', `There is no version ${version}: versions are whole numbers`)
}

async function documentAnswer(controller: Call<'getDocument'>['controller'], version: number | undefined) {
  const found = await controller.document(version)
  if (found === undefined) {
    return problemDetails(404, 'Not Found', `There is no version ${version} in the history`)
  }
  const { info, text } = found as { info: VersionInfo; text: string }
  return { ...versionView(info), document: jsonOf(text), text }
}

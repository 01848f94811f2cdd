/**
 * Whether an app takes the forms of the site's pages. Next.js compares `Origin` with the forwarded host where it is served alone, and
 * with its own on platforms that set that header anew, so it is asked: by an action that no app has, which changes nothing.
 */
import type { OriginConfig } from '../../core/config/schema/document.ts'
import { type Finding, ok, warning } from './finding.ts'
import type { LiveAnswer } from './live-request.ts'

/** What Next.js calls an action by: 21 bytes in hexadecimal. */
const NO_ACTION = `7f${'0'.repeat(40)}`

export type FormQuestion = {
  about: string
  config: OriginConfig
  /** The origin of the app's URL, and that of the site as visitors see it. */
  own: string
  site: string
  /** Sends a POST with these headers to the app; undefined where no answer comes. */
  post(headers: Readonly<Record<string, string>>): Promise<LiveAnswer | undefined>
}

/** Nothing for other apps, and for one that has no actions. */
export async function formsOf(first: LiveAnswer, question: FormQuestion): Promise<Finding[]> {
  if (!isNext(first)) return []
  const { about, config, own, site } = question
  const isTranslated = config.rewrite === true && config.host !== 'preserve'
  const takes = async (origin: string) => {
    const asked = { origin, 'next-action': NO_ACTION, 'content-type': 'text/plain;charset=UTF-8' }
    return (await question.post(asked))?.headers.has('x-nextjs-action-not-found') === true
  }
  if (await takes(isTranslated ? own : site))
    return [ok(about, 'it is a Next.js app, and takes the site’s forms')]
  if (!(await takes(isTranslated ? site : own))) return []
  return [
    warning(
      about,
      isTranslated
        ? 'it is a Next.js app that refuses forms which are sent before a page’s script runs'
        : 'it is a Next.js app that refuses the site’s forms',
      isTranslated ? 'set "rewrite": "answers"' : 'leave "rewrite" and "host" out',
    ),
  ]
}

/** Pages of its router say by which headers they vary. */
function isNext({ headers }: LiveAnswer): boolean {
  return (
    headers.get('x-powered-by') === 'Next.js' || /(?:^|,)\s*rsc\s*(?:,|$)/i.test(headers.get('vary') ?? '')
  )
}

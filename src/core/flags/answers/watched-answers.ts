/** Answers of the canary that a stage sets a limit for, by path and status (`require.paths`). */
import { judgedAnswers, type StatusPattern } from './judged-answers.ts'

export type WatchedAnswer = {
  id: string
  /** A path as requests have it. */
  matches(path: string): boolean
  /** A status; a failure without one is a 504. */
  counts(status: number): boolean
}

type Limit = { path: string; statuses: readonly StatusPattern[] }

/** Names what is counted, in cells and in sentences: `5xx on /checkout/*`. */
export function watchedId({ path, statuses }: Limit): string {
  return `${statuses.join(', ')} on ${path}`
}

/** @param matches whether a path matches the limit's */
export function watchedAnswer(limit: Limit, matches: WatchedAnswer['matches']): WatchedAnswer {
  return { id: watchedId(limit), matches, counts: judgedAnswers(limit.statuses, false).isError }
}

/** Ids of what an answer counts as; undefined where none applies. */
export function watchedIn(
  watched: readonly WatchedAnswer[],
  path: string,
  status: number,
): readonly string[] | undefined {
  const ids = watched.filter((each) => each.counts(status) && each.matches(path)).map(({ id }) => id)
  return ids.length === 0 ? undefined : ids
}

/** What answers count as: each status on both sides of each border, by what a guard says of statuses and gRPC. */
import { describe, expect, it } from 'vitest'
import {
  type AnswerClass,
  classOfAnswer,
  GRPC_ERRORS,
  isPageStatus,
  judgedAnswers,
  type StatusPattern,
} from '../../../src/core/flags/answers/judged-answers.ts'
import { watchedAnswer, watchedIn } from '../../../src/core/flags/answers/watched-answers.ts'

const STATUSES = [100, 199, 200, 299, 300, 301, 303, 304, 305, 308, 309, 399, 400, 404, 499, 500, 599, 600]

/** Statuses of each class; every redirect leads to the page itself, or none does. */
function classesOf(statuses?: readonly StatusPattern[], grpc?: readonly number[] | false, toItself = false) {
  const judged = judgedAnswers(statuses, grpc)
  const classes: Record<AnswerClass, number[]> = { good: [], failure: [], 'client-error': [] }
  for (const status of STATUSES) {
    const answer = { status, grpcStatus: () => null, redirectsToItself: () => toItself }
    classes[classOfAnswer(judged, answer)].push(status)
  }
  return classes
}

describe('an answer counts', () => {
  it('as a failure from 500 on, as a client error from 400, where a guard says nothing', () => {
    const { failure, 'client-error': clientErrors } = classesOf()
    expect([failure, clientErrors]).toEqual([
      [500, 599, 600],
      [400, 404, 499],
    ])
  })

  it('as a client error where it leads to the page itself', () => {
    const { good, 'client-error': clientErrors } = classesOf(undefined, undefined, true)
    expect(clientErrors).toEqual([301, 303, 305, 308, 400, 404, 499])
    expect(good).toEqual([100, 199, 200, 299, 300, 304, 309, 399])
  })

  it.each<[StatusPattern[], number[]]>([
    [['5xx'], [500, 599, 600]],
    [['4xx'], [400, 404, 499]],
    [
      ['4xx', '5xx'],
      [400, 404, 499, 500, 599, 600],
    ],
    [[404], [404]],
    [
      [404, '5xx'],
      [404, 500, 599, 600],
    ],
  ])('as a failure by the statuses %j', (statuses, failures) => {
    expect(classesOf(statuses).failure).toEqual(failures)
    expect(classesOf(statuses, false).failure).toEqual(failures)
  })

  it('as a failure by its gRPC status, which is read of an answer with 200 alone', () => {
    const failures = (grpc?: readonly number[] | false, status = 200) =>
      Array.from({ length: 18 }, (_, code) => code).filter((code) => {
        const answer = { status, grpcStatus: () => String(code), redirectsToItself: () => false }
        return classOfAnswer(judgedAnswers(undefined, grpc), answer) === 'failure'
      })
    expect(GRPC_ERRORS).toEqual([2, 4, 8, 13, 14, 15])
    expect(failures()).toEqual(GRPC_ERRORS)
    expect(failures([1, 16])).toEqual([1, 16])
    expect(failures(false)).toEqual([])
    expect(failures(undefined, 201)).toEqual([])
    const [judged, byStatus] = [judgedAnswers(undefined, undefined), judgedAnswers([404], undefined)]
    expect([...(judged.grpc ?? [])]).toEqual(GRPC_ERRORS.map(String))
    expect(byStatus.grpc).toBe(judged.grpc)
    const none = { status: 200, grpcStatus: () => null, redirectsToItself: () => true }
    expect(classOfAnswer(judged, none)).toBe('good')
  })

  it('as a page with 2xx and 304', () => {
    expect(STATUSES.filter(isPageStatus)).toEqual([200, 299, 304])
  })
})

describe('an answer that a stage watches', () => {
  const watched = [
    watchedAnswer({ path: '/a/*', statuses: ['5xx'] }, (path) => path.startsWith('/a')),
    watchedAnswer({ path: '/*', statuses: [404, '5xx'] }, () => true),
  ]

  it('is named by each limit whose path and status it has', () => {
    const [fives, all] = ['5xx on /a/*', '404, 5xx on /*']
    expect(watched.map(({ id }) => id)).toEqual([fives, all])
    expect([
      watchedIn(watched, '/a/b', 500),
      watchedIn(watched, '/b', 504),
      watchedIn(watched, '/a', 404),
      watchedIn(watched, '/a', 200),
      watchedIn([], '/a', 500),
    ]).toEqual([[fives, all], [all], [all], undefined, undefined])
  })
})

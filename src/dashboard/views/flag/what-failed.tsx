/** What failed: how failed requests are told apart, canary beside control, with some that logs can be searched for. */
import type { FailureView } from '../../../contract/responses.ts'
import { countText, percentText, plural } from '../../../core/figures.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Card } from '../../components/layout.tsx'

const FACETS = [
  ['statuses', 'Status'],
  ['paths', 'Path'],
  ['countries', 'Country'],
  ['colos', 'Location'],
  ['browsers', 'Browser'],
] as const
const MOST_ROWS = 10

export function WhatFailed({ failures }: { failures: readonly FailureView[] }) {
  if (failures.length === 0) return null
  const failed = failures.filter(({ as }) => as === 'failed')
  const first = (failed.length > 0 ? failed : failures).map(({ firstSeenAt }) => firstSeenAt).sort()[0] ?? ''
  return (
    <Card
      title="What failed"
      hint={
        failed.length > 0
          ? `first seen ${clockText(first)}; a sample, without queries and ids of visitors`
          : 'no errors in this attempt'
      }
    >
      <FailureTables failures={failures} />
    </Card>
  )
}

/** Each kind of failure by itself: errors, and what turned visitors away. */
export function FailureTables({ failures }: { failures: readonly FailureView[] }) {
  const [failed, turnedAway] = (['failed', 'turned-away'] as const).map((as) =>
    failures.filter((group) => group.as === as),
  )
  return (
    <>
      {failed && failed.length > 0 && <Kind groups={failed} />}
      {turnedAway && turnedAway.length > 0 && (
        <details class="details">
          <summary>Turned away (4xx)</summary>
          <Kind groups={turnedAway} />
        </details>
      )}
    </>
  )
}

function Kind({ groups }: { groups: readonly FailureView[] }) {
  const requests = groups.flatMap((group) =>
    group.requests.map((request) => ({ ...request, arm: group.arm })),
  )
  return (
    <div class="what-failed">
      <div class="facets">
        {FACETS.map(([facet, label]) => (
          <FacetTable key={facet} {...{ facet, label, groups }} />
        ))}
      </div>
      {requests.length > 0 && (
        <ul class="failed-requests" aria-label="Sample requests">
          {requests.map(({ id, at, status, path, arm }) => (
            <li key={id}>
              <i class={`key ${arm}`} />
              <time dateTime={at}>{clockText(at)}</time> <strong>{status}</strong> <span>{path}</span>{' '}
              <code>{id}</code> <CopyButton text={id} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

type FacetProps = {
  facet: (typeof FACETS)[number][0]
  label: string
  groups: readonly FailureView[]
}

/** The shares that each value has of a variant's failures: what stands out in one arm alone is worth a look. */
function FacetTable({ facet, label, groups }: FacetProps) {
  const values = [...new Set(groups.flatMap((group) => group[facet].map(({ value }) => value)))].slice(
    0,
    MOST_ROWS,
  )
  return (
    <table class={`facet ${facet}`}>
      <thead>
        <tr>
          <th scope="col">{label}</th>
          {groups.map((group) => (
            <th key={group.arm + group.variant} scope="col" title={plural(group.sampled, 'sample')}>
              <i class={`key ${group.arm}`} /> {columnTitle(group, groups)}{' '}
              <small>{countText(group.sampled)}</small>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {values.map((value) => (
          <tr key={value}>
            <th scope="row">{value}</th>
            {groups.map((group) => (
              <td key={group.arm + group.variant}>
                <Share count={countOf(group, facet, value)} of={group.sampled} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The arm; of several variants in one arm their names, since they are never one. */
function columnTitle({ arm, variant }: FailureView, all: readonly FailureView[]): string {
  return all.some((other) => other.arm === arm && other.variant !== variant) ? variant : arm
}

function Share({ count, of }: { count: number; of: number }) {
  if (count === 0) return <span class="muted">–</span>
  const percent = Math.max(1, Math.round((count / of) * 100))
  return (
    <span class="share-bar" title={`${count} of ${of} samples`}>
      <i style={{ width: `${percent}%` }} />
      {percentText(percent)}
    </span>
  )
}

function countOf(group: FailureView, facet: FacetProps['facet'], value: string): number {
  return group[facet].find((each) => each.value === value)?.count ?? 0
}

/** "14:05:09"; of another day with its date. */
function clockText(at: string): string {
  const date = new Date(at)
  const day = date.toDateString() === new Date().toDateString() ? '' : `${at.slice(0, 10)} `
  return day + date.toLocaleTimeString('en-GB')
}

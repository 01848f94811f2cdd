type LoadingProps = { problem: string | undefined; onRetry: () => unknown }

/** In the place of what is being asked for; why it is not there, and how to ask again, when that failed. */
export function Loading({ problem, onRetry }: LoadingProps) {
  if (problem === undefined) {
    return (
      <div class="skeleton" aria-busy="true">
        <span class="visually-hidden">Loading</span>
      </div>
    )
  }
  return (
    <div class="empty stack">
      <p class="problem" role="alert">
        {problem}
      </p>
      <p>
        <button type="button" onClick={() => void onRetry()}>
          Try again
        </button>
      </p>
    </div>
  )
}

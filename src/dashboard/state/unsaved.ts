/** Drafts that closing the tab would lose. */

const holders: (() => boolean)[] = []

/** Makes the browser ask before it leaves the page while `hasDraft` says so. */
export function warnBeforeLeaving(hasDraft: () => boolean): void {
  holders.push(hasDraft)
}

addEventListener('beforeunload', (event) => {
  if (holders.some((hasDraft) => hasDraft())) event.preventDefault()
})

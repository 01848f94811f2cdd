/** What was typed and not published is not to be lost by closing the tab unawares. */

const holders: (() => boolean)[] = []

/** Has the browser ask before the page goes away, while there is something to lose. */
export function keepUntilPublished(hasSomething: () => boolean): void {
  holders.push(hasSomething)
}

addEventListener('beforeunload', (event) => {
  if (holders.some((has) => has())) event.preventDefault()
})

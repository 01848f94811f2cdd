/**
 * The focus of the keyboard where parts of the page come and go. A browser that loses the focused element goes on from
 * the top of the page, and one that gets a new part before the focused element has left that part behind.
 */

const FIELDS = 'input:enabled, select:enabled, textarea:enabled'
const CONTROLS = `a[href], button:enabled, summary, ${FIELDS}`
/** A part that a button adds is there with the next rendering. */
const ADDED_WITHIN_MS = 500

/** From now on, the focus of an element that is removed goes to its nearest neighbour, or else to the view. */
export function keepFocus(): void {
  let last: Node | undefined
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof Node) last = target
  })
  document.addEventListener('focusout', ({ target }) => {
    queueMicrotask(() => {
      // A click beside all controls, not a removal.
      if (target === last && last?.isConnected && document.activeElement === document.body) last = undefined
    })
  })
  const removals = new MutationObserver((records) => {
    for (const given of givenBack) {
      if (!given.to.isConnected) given.to = heirOf(records, given.to)
      if (given.isDue) giveBack(given)
    }
    const lost = last
    if (lost === undefined || lost.isConnected || document.activeElement !== document.body) return
    last = undefined
    heirOf(records, lost).focus({ preventScroll: true })
  })
  removals.observe(document.body, { childList: true, subtree: true })
}

/** What a question gives the focus back to: the element that had it, or what has come to its place meanwhile. */
type GivenBack = { to: HTMLElement; isDue: boolean }

const givenBack = new Set<GivenBack>()

/**
 * Keeps the place of the focus while a question has it.
 *
 * @returns gives the focus back, once the question is answered
 */
export function focusToGiveBack(): () => void {
  const { activeElement } = document
  const given = { to: activeElement instanceof HTMLElement ? activeElement : document.body, isDue: false }
  givenBack.add(given)
  return () => {
    // What comes to its place with the same rendering is known after it.
    if (given.to.isConnected) giveBack(given)
    else given.isDue = true
  }
}

function giveBack(given: GivenBack): void {
  givenBack.delete(given)
  given.to.focus({ preventScroll: true })
}

/** What has the focus in place of an element that was removed: what came to its place, its neighbour, or the view. */
function heirOf(records: readonly MutationRecord[], lost: Node): HTMLElement {
  const removal = records.find(({ removedNodes }) => [...removedNodes].some((node) => node.contains(lost)))
  const heir = removal && (replacementIn(records, removal) ?? neighbourOf(removal))
  return heir ?? document.getElementById('main') ?? document.body
}

/** A control that came to the same place with the same rendering: Resume for Pause. */
function replacementIn(records: readonly MutationRecord[], { target }: MutationRecord) {
  if (!isInside(target)) return undefined
  const added = records.flatMap((record) => (record.target === target ? [...record.addedNodes] : []))
  return added.flatMap((node) => controlsOf(node))[0]
}

/** The control after, before or around what was removed from a view or a question. */
function neighbourOf({ target, nextSibling, previousSibling }: MutationRecord): HTMLElement | undefined {
  for (let node = nextSibling; node; node = node.nextSibling) {
    const [first] = controlsOf(node)
    if (first) return first
  }
  for (let node = previousSibling; node; node = node.previousSibling) {
    const before = controlsOf(node).at(-1)
    if (before) return before
  }
  for (let node: Node | null = target; isInside(node); node = node.parentElement) {
    const [first] = controlsOf(node)
    if (first) return first
  }
  return undefined
}

function isInside(node: Node | null): node is Element {
  return node instanceof Element && node.closest('main, dialog') !== null
}

function controlsOf(node: Node, which = CONTROLS): HTMLElement[] {
  if (!(node instanceof HTMLElement) || !node.isConnected) return []
  return [...(node.matches(which) ? [node] : []), ...node.querySelectorAll<HTMLElement>(which)]
}

/** The focus goes to the first field of the part that a button is about to add beside itself. */
export function focusAdded(button: Element): void {
  const additions = new MutationObserver((records) => {
    const [first] = records.flatMap(({ addedNodes }) =>
      [...addedNodes].flatMap((node) => controlsOf(node, FIELDS)),
    )
    if (first === undefined) return
    additions.disconnect()
    first.focus()
  })
  additions.observe(button.closest('fieldset, section, form') ?? document.body, {
    childList: true,
    subtree: true,
  })
  setTimeout(() => additions.disconnect(), ADDED_WITHIN_MS)
}

/** Loads a page anew at a safe moment, and puts back what its visitor had typed. */

const STORE = 'sluice-input'
/** No word is lost: that long after the last key or click, or as soon as the page is out of sight. */
const IDLE_MS = 3_000
const LOOK_EVERY_MS = 500
/** Frameworks build their forms some time after the page has loaded. */
const RESTORE_FOR_MS = 10_000
const FIELDS = 'input,textarea,select'
/** Not text of the visitor's, or nothing to write down. */
const LEFT_OUT = /^(?:password|hidden|file|submit|button|reset|image)$/

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement
type Kept = [field: string, value: string | boolean][]

/** Reloads once the visitor neither types nor clicks, or looks at another tab. Returns how to give up. */
export function reloadWhenIdle(): () => void {
  let lastMs = Date.now()
  const busy = () => {
    lastMs = Date.now()
  }
  const events = ['input', 'keydown', 'pointerdown']
  for (const event of events) addEventListener(event, busy, true)
  // A framework that meets the closed version first loads the page anew by itself.
  addEventListener('pagehide', keepInput)
  const timer = setInterval(() => {
    if (!document.hidden && Date.now() - lastMs < IDLE_MS) return
    stop()
    keepInput()
    location.reload()
  }, LOOK_EVERY_MS)
  const stop = () => {
    clearInterval(timer)
    removeEventListener('pagehide', keepInput)
    for (const event of events) removeEventListener(event, busy, true)
  }
  return stop
}

function keepInput(): void {
  const kept: Kept = []
  for (const [key, field] of fields()) if (isChanged(field)) kept.push([key, contentOf(field)])
  if (kept.length > 0) sessionStorage.setItem(STORE, JSON.stringify([location.pathname, kept]))
}

/** Puts back what an earlier load of this page has kept, as fields appear. */
export function restoreInput(): void {
  let left = keptHere()
  if (left.length === 0) return
  const put = () => {
    const there = new Map(fields())
    left = left.filter(([key, value]) => {
      const field = there.get(key)
      if (field) write(field, value)
      return !field
    })
    if (left.length > 0) return
    sessionStorage.removeItem(STORE)
    observer.disconnect()
  }
  const observer = new MutationObserver(put)
  const start = () => {
    observer.observe(document.documentElement, { childList: true, subtree: true })
    setTimeout(() => observer.disconnect(), RESTORE_FOR_MS)
    put()
  }
  // Before that, a framework would not hear of it.
  if (document.readyState === 'complete') start()
  else addEventListener('load', start)
}

function keptHere(): Kept {
  try {
    const [path, kept] = JSON.parse(sessionStorage.getItem(STORE) ?? '[]') as [string?, Kept?]
    return path === location.pathname && kept ? kept : []
  } catch {
    // No storage, or another's text in it: nothing was kept.
    return []
  }
}

/** Fields by form and name; those of the same name by their number. */
function fields(): [string, Field][] {
  const counts = new Map<string, number>()
  return [...document.querySelectorAll<Field>(FIELDS)].flatMap((field): [string, Field][] => {
    const name = field.name || field.id
    if (!name || LEFT_OUT.test(field.type) || /cc-|one-time/.test(field.autocomplete)) return []
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    return [[`${name} ${count}`, field]]
  })
}

const isTick = (field: Field): field is HTMLInputElement => /^(?:checkbox|radio)$/.test(field.type)

function isChanged(field: Field): boolean {
  if (isTick(field)) return field.checked !== field.defaultChecked
  if ('options' in field) return [...field.options].some((each) => each.selected !== each.defaultSelected)
  return field.value !== field.defaultValue
}

function contentOf(field: Field): string | boolean {
  return isTick(field) ? field.checked : field.value
}

/** As if typed: frameworks watch their fields by a property of their own, and hear of events. */
function write(field: Field, value: string | boolean): void {
  const property = typeof value === 'boolean' ? 'checked' : 'value'
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), property)?.set?.call(field, value)
  for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }))
}

/** Addresses as people type them: `localhost:3000`, `:3000`, `www.example.com`. */

/**
 * The address with a protocol: http on this machine, https elsewhere. What has one, and what is no host, stays as it is.
 *
 * @example completedUrl('localhost:3000') // 'http://localhost:3000'
 * @example completedUrl(':3000') // 'http://127.0.0.1:3000'
 */
export function completedUrl(text: string): string {
  const typed = text.trim()
  if (typed === '' || /^[a-z][\w+.-]*:\//i.test(typed)) return typed
  if (/^:?\d{1,5}(?:\/|$)/.test(typed)) return `http://127.0.0.1:${typed.replace(/^:/, '')}`
  // Without a port it is more likely forgotten than 80.
  if (isThisMachine(typed)) return /:\d+(?:\/|$)/.test(typed) ? `http://${typed}` : typed
  return /^[^/?#]*[.:]/.test(typed) ? `https://${typed}` : typed
}

/** Whether an address without protocol leads to this machine. */
function isThisMachine(text: string): boolean {
  const host = text.replace(/[/?#].*$/, '').replace(/:\d+$/, '')
  return /^(?:(?:[\w-]+\.)*localhost\.?|\[::1\]|127(?:\.\d+){3}|0\.0\.0\.0)$/i.test(host)
}

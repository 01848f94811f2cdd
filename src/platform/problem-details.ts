/** Errors of the gate's own API, as RFC 9457 problem details; `extensions` are further members. */
export function problemDetails(
  status: number,
  title: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  extensions: Readonly<Record<string, unknown>> = {},
): Response {
  return new Response(`${JSON.stringify({ type: 'about:blank', title, status, detail, ...extensions })}\n`, {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}

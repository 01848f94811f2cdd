/**
 * What `next` makes of a value, at once where the value is there: what an await costs is as much as reading a header,
 * and nearly all requests have nothing to wait for but their origin.
 */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

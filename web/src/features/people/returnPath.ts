// Where somebody goes on to after having signed in elsewhere.

/** What only the sign-in page reads. */
const OWN = ['sign-in', 'tenant']

/** The page that was asked for, without what was said to the sign-in page. */
export function returnPath({ pathname, search }: { pathname: string; search: string }): string {
  const query = new URLSearchParams(search)
  OWN.forEach((name) => query.delete(name))
  const left = query.toString()
  return left ? `${pathname}?${left}` : pathname
}

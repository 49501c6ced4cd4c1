// Three versions of one form: as it was when one began, as one wants it, and as somebody else has saved it meanwhile.

export type Fields = Record<string, string>

export interface Clash {
  name: string
  mine: string
  theirs: string
}

/** The fields that both have changed, to different values. */
export function clashesOf(base: Fields, mine: Fields, theirs: Fields): Clash[] {
  return Object.keys(base)
    .filter((name) => mine[name] !== base[name] && theirs[name] !== base[name] && mine[name] !== theirs[name])
    .map((name) => ({ name, mine: mine[name] ?? '', theirs: theirs[name] ?? '' }))
}

/** Theirs, with every change of mine on it but those that were given up for theirs. */
export function merged<F extends Fields>(base: F, mine: F, theirs: F, givenUp: ReadonlySet<string>): F {
  const kept = Object.keys(base).filter((name) => mine[name] !== base[name] && !givenUp.has(name))
  return { ...theirs, ...Object.fromEntries(kept.map((name) => [name, mine[name]])) }
}

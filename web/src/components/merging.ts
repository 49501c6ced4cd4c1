// Three versions of one form: as it was when one began, as one wants it, and as somebody else has saved it meanwhile.

export type Fields = Record<string, string>

export interface Clash {
  name: string
  mine: string
  theirs: string
}

/** The fields that both have changed, to different values. What is missing in a version was taken away, or never there. */
export function clashesOf(base: Fields, mine: Fields, theirs: Fields): Clash[] {
  return namesOf(base, mine)
    .filter((name) => mine[name] !== base[name] && theirs[name] !== base[name] && mine[name] !== theirs[name])
    .map((name) => ({ name, mine: mine[name] ?? '', theirs: theirs[name] ?? '' }))
}

/** Theirs, with every change of mine on it but those that were given up for theirs. */
export function merged<F extends Fields>(base: F, mine: F, theirs: F, givenUp: ReadonlySet<string>): F {
  const kept = namesOf(base, mine).filter((name) => mine[name] !== base[name] && !givenUp.has(name))
  const untouched = Object.entries(theirs).filter(([name]) => !kept.includes(name))
  const own = kept.flatMap((name) => (mine[name] === undefined ? [] : [[name, mine[name]] as const]))
  return Object.fromEntries([...untouched, ...own]) as F
}

export function isSame(one: Fields, other: Fields): boolean {
  return namesOf(one, other).every((name) => one[name] === other[name])
}

function namesOf(one: Fields, other: Fields): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
}

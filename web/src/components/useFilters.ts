// What a list shows lives in the address: filters, sort, columns. A change replaces only what it names.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export type Filters = Record<string, string | boolean | number | undefined>

export function useFilters<F extends object>() {
  const filters = useSearch({ strict: false }) as unknown as F & { panel?: string; hide?: string }
  const navigate = useNavigate()
  const set = useCallback(
    (change: Partial<F> & { hide?: string | undefined }) =>
      void navigate({
        to: '.',
        replace: true,
        search: ((before: Record<string, unknown>) => ({ ...before, ...change })) as never,
      }),
    [navigate],
  )
  const hidden = splitHidden(filters.hide)
  return {
    filters,
    set,
    hidden,
    setHidden: (next: string[]) => set({ hide: next.join(',') || undefined } as never),
  }
}

const NONE: string[] = []

function splitHidden(hide: string | undefined): string[] {
  return hide ? hide.split(',') : NONE
}

/** Reads a page's search parameters: named texts of at most 200 characters, nothing else. */
export function texts<K extends string>(
  names: readonly K[],
): (search: Record<string, unknown>) => Partial<Record<K, string>> {
  return (search) => {
    const kept: Partial<Record<K, string>> = {}
    for (const name of names) {
      const value = search[name]
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
        const text = String(value).slice(0, 200)
        if (text) kept[name] = text
      }
    }
    return kept
  }
}

// Hands a list out as a file; the server makes it safe for spreadsheets.
import { Problem } from '../../api/client'
import { showProblem } from '../../api/hooks'

export function exportCsv(path: string, name: string): Promise<void> {
  return exportCsvs([path], name)
}

/** Several lists as one file, under the head of the first. */
export async function exportCsvs(paths: string[], name: string): Promise<void> {
  const parts: string[] = []
  for (const path of paths) {
    const response = await fetch(path, {
      headers: { accept: 'text/csv' },
      credentials: 'same-origin',
      cache: 'no-store',
    }).catch(() => null)
    if (!response?.ok) {
      const status = response?.status ?? 0
      showProblem(new Problem(status, 'export-failed', 'The list could not be exported. Try again.'))
      return
    }
    const text = await response.text()
    parts.push(parts.length === 0 ? text : withoutHead(text))
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** A head has no quoted line breaks: its names are the server's own. */
export function withoutHead(csv: string): string {
  const end = csv.indexOf('\n')
  return end < 0 ? '' : csv.slice(end + 1)
}

// Hands a list out as a file; the server makes it safe for spreadsheets.
import { Problem } from '../../api/client'
import { showProblem } from '../../api/hooks'

export async function exportCsv(path: string, name: string) {
  const response = await fetch(path, { headers: { accept: 'text/csv' }, credentials: 'same-origin' }).catch(
    () => null,
  )
  if (!response?.ok) {
    showProblem(
      new Problem(response?.status ?? 0, 'export-failed', 'The list could not be exported. Try again.'),
    )
    return
  }
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

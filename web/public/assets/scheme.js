// Before the first paint, so that nobody who works in the dark is blinded: the scheme that was chosen, else the system's.
try {
  const chosen = localStorage.getItem('mantine-color-scheme-value') || 'auto'
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.mantineColorScheme = chosen === 'auto' ? (dark ? 'dark' : 'light') : chosen
} catch {
  document.documentElement.dataset.mantineColorScheme = 'light'
}

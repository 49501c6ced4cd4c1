// The dashboard begins here.
import '@mantine/core/styles.css'
import './app/app.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import type { Problem } from './api/client'
import { whenSignedOut } from './api/client'
import { SESSION_KEY } from './api/session'
import { listenForSigns, useAwake } from './components/awake'
import { cssVariables, theme } from './app/theme'
import { router } from './router'

/** How often a read is tried again when the server is away or busy. */
const READ_RETRIES = 2

// The page's own policy lets in only styles that carry this.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
Object.assign(globalThis, { __webpack_nonce__: nonce })

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => {
        const { status } = error as Problem
        return failures < READ_RETRIES && (status === 0 || status === 503)
      },
    },
    mutations: { retry: false },
  },
})
whenSignedOut(() => client.setQueryData(SESSION_KEY, null))

const Notices = lazy(() => import('./app/Notices').then((m) => ({ default: m.Notices })))
function Noticed() {
  return useAwake() ? (
    <Suspense fallback={null}>
      <Notices />
    </Suspense>
  ) : null
}

listenForSigns()
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={client}>
          <Noticed />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}

// A plain table for short lists of operations.
import { Table } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Problem } from '../../api/client'
import { Empty, ProblemNote, Waiting } from '../../components/Page'
import { useWalkedFocus } from '../../components/useWalk'

interface Props<R> {
  found: {
    data: { items: R[] } | undefined
    error: Problem | null
    isPending: boolean
    refetch: () => unknown
  }
  heads: string[]
  cells: (row: R) => ReactNode[]
  keyOf: (row: R) => string
  empty: { title: string; why: string }
}

export function Rows<R>({ found, heads, cells, keyOf, empty }: Props<R>) {
  const body = useWalkedFocus<HTMLTableSectionElement>()
  if (found.error && !found.data) return <ProblemNote problem={found.error} onRetry={() => found.refetch()} />
  if (found.isPending || !found.data) return <Waiting />
  if (found.data.items.length === 0) return <Empty {...empty} />
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={6} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head, index) => (
              <Table.Th key={`${head}${index}`}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody ref={body}>
          {found.data.items.map((row) => (
            <Table.Tr key={keyOf(row)} tabIndex={-1} data-walk>
              {cells(row).map((cell, index) => (
                <Table.Td key={index}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

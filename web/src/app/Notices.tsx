// Where notices appear; what was said before it is there waits in their store.
import '@mantine/notifications/styles.css'
import { Notifications } from '@mantine/notifications'

export function Notices() {
  return <Notifications position="bottom-center" limit={4} />
}

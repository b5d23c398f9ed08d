import type { Connection } from '../net/connection';
import type { FsChanged } from '../protocol.gen';
import type { Place } from '../conversation/conversation.svelte';

interface Listener {
  /** What changed on disk. */
  changed(changes: FsChanged['changes']): void;
  /** Something may have been missed: look at everything that is shown. */
  lookAgain(): void;
}

/** Tells of changes to the project's files, without a gap, until the returned function is called. */
export function followFiles(connection: Connection, place: Place, listener: Listener): () => void {
  let last: number | undefined;
  const again = (): void => {
    last = undefined;
    listener.lookAgain();
  };
  const forget = [
    connection.on('fs_changed', ({ seq, changes, changesTruncated }, { machineKey, sessionId }) => {
      if (machineKey !== place.machineKey || sessionId !== place.projectId) return;
      const gap = last !== undefined && seq > last + 1;
      last = Math.max(last ?? seq, seq);
      if (gap || changesTruncated) listener.lookAgain();
      else listener.changed(changes);
    }),
    connection.on('daemon_status', (status) => {
      if (status.machineKey === place.machineKey && status.connected) again();
    }),
    () => connection.registered.delete(again),
  ];
  connection.registered.add(again);
  return () => forget.forEach((stop) => stop());
}

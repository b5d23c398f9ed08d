/** A tab that the system put to sleep may hold a lock for ever. */
const PATIENCE = 20_000;

/**
 * One tab at a time does work of this name. After a while without an answer, and where there are no Web Locks (pages that are
 * not served over HTTPS), it is done all the same: only for work that does no harm when it is done twice.
 */
export async function oneTab<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  let begun = false;
  try {
    return await navigator.locks.request(name, { signal: patience.signal }, () => {
      begun = true;
      clearTimeout(timer);
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    return work();
  } finally {
    clearTimeout(timer);
  }
}

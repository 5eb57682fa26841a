// Writes to the same file take turns: the latest one's bytes stay.

/** The latest write to each file, while it lasts. */
const writes = new Map<string, Promise<void>>();

/** Writes after what is being written to the same file. */
export async function inTurn(file: string, write: () => Promise<void>): Promise<void> {
  const turn = writes.get(file)?.then(write, write) ?? write();
  writes.set(file, turn);
  try {
    await turn;
  } finally {
    if (writes.get(file) === turn) writes.delete(file);
  }
}

import { interruptible } from "../interruption.ts";
import type { ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";

/**
 * Watches what runs at a server until `watch` ends or a signal comes: then it says that it goes on there, and how to
 * stop it, and throws.
 */
export async function untilInterrupted<T>(
  id: string,
  server: ServerOptions,
  watch: (stopping: AbortSignal) => Promise<T>,
): Promise<T> {
  const hint = (verb: string) => commandHint([verb, id], server);
  const { stopping, signalled, release } = interruptible(() =>
    process.stderr.write(
      `\n${id} goes on at the server. To see it again: ${hint("watch")}\n` +
        `To stop it: ${hint("cancel")}, or until it is resumed: ${hint("pause")}\n`,
    ),
  );
  try {
    return await Promise.race([watch(stopping), signalled]);
  } finally {
    release();
  }
}

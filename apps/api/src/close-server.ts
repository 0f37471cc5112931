import type { FastifyInstance } from "fastify";

/** Between two looks for connections that have become idle. */
const LOOK_MS = 50;

/**
 * Stops listening, ends streams, finishes the requests that are under way and closes each connection after its last one.
 * @param graceMs after so long what is left is cut off.
 */
export async function closeServer(app: FastifyInstance, graceMs: number): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), LOOK_MS);
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(cut);
  }
}

import { createHash } from "node:crypto";
import net from "node:net";

/**
 * @typedef {object} Lock
 * @property {number} fd The listening socket. A child process that inherits it holds the lock too: `runCommand`'s
 *   option `lock`.
 */

/**
 * Runs `work` while no other process of this machine runs under the same name.
 *
 * The lock is an abstract Unix socket (Linux), so the kernel frees it however its holder ends, SIGKILL included, and no
 * stale file is left to be judged. Who finds it held connects to it, is told the holder's process id, and waits for the
 * connection to close.
 *
 * @template T
 * @param {string} name anything, for example the path of what is made
 * @param {(lock: Lock) => Promise<T>} work
 * @param {(holderPid: string) => void} [onWait] called once, when the lock is held by another process
 * @returns {Promise<T>}
 */
export async function withLock(name, work, onWait) {
  const address = `\0drc-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  let waited = false;
  for (;;) {
    const server = await listen(address);
    if (server) {
      try {
        return await work(server);
      } finally {
        server.release();
      }
    }
    await holderGone(address, (pid) => {
      if (!waited) onWait?.(pid);
      waited = true;
    });
  }
}

/**
 * @param {string} address
 * @returns {Promise<(Lock & {release(): void}) | undefined>} undefined when another process holds it
 */
function listen(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<net.Socket>} */
    const waiting = new Set();
    const server = net.createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => waiting.delete(socket));
      socket.unref();
      socket.write(`${process.pid}\n`);
    });
    server.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      // Node has no public name for a server's descriptor.
      const { fd } = /** @type {{_handle: {fd: number}}} */ (/** @type {unknown} */ (server))._handle;
      resolve({
        fd,
        release() {
          server.close();
          for (const socket of waiting) socket.destroy();
        },
      });
    });
  });
}

/**
 * @param {string} address
 * @param {(pid: string) => void} onHolder
 * @returns {Promise<void>}
 */
function holderGone(address, onHolder) {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    socket.on("data", (chunk) => onHolder(chunk.toString().trim()));
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
}

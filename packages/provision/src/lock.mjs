import { createHash } from "node:crypto";
import net from "node:net";

/**
 * Runs `work` while no other process of this machine runs under the same name.
 *
 * The lock is an abstract Unix socket (Linux), so the kernel frees it however its holder ends, SIGKILL included, and no
 * stale file is left to be judged. Who finds it held connects to it, is told the holder's process id, and waits for the
 * connection to close.
 *
 * @template T
 * @param {string} name anything, for example the path of what is made
 * @param {() => Promise<T>} work
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
        return await work();
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
 * @returns {Promise<{release(): void} | undefined>} undefined when another process holds it
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
      resolve({
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

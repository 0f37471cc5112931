import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ServedFiles {
  url: string;
  close(): Promise<void>;
}

/** Serves these files, and nothing else, from a free port of this machine. */
export async function serveFiles(
  files: ReadonlyMap<string, { type: string; bytes: Uint8Array }>,
): Promise<ServedFiles> {
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    if (file) response.writeHead(200, { "content-type": file.type }).end(file.bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

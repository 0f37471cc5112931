import { once } from "node:events";
import { createServer } from "node:net";
import { CliError } from "../cli-error.ts";

/** Refuses a port that another program has, before anything is started for it. 0 is any free one. */
export async function checkPort(port: number, host: string): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new CliError(`--port: ${port} is in use; give another, or 0 for any free one.`);
    throw new CliError(`--port: ${port} cannot be used (${message}); give another, or 0 for any free one.`);
  }
  server.close();
  await once(server, "close");
}

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "vitest";
import { checkPort } from "./check-port.ts";

it("refuses a port that is in use, and takes it once it is free", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await expect(checkPort(port, "127.0.0.1")).rejects.toThrow(
    `--port: ${port} is in use; give another, or 0 for any free one.`,
  );
  other.close();
  await once(other, "close");
  await expect(checkPort(port, "127.0.0.1")).resolves.toBeUndefined();
});

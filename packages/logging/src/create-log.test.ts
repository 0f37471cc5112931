import { expect, it } from "vitest";
import { createLog } from "./create-log.ts";

it("leaves secrets out wherever they stand", () => {
  let written = "";
  const log = createLog("info", { write: (line) => (written += line) });
  log.info({ req: { headers: { authorization: "s1", cookie: "s2", "x-csrf-token": "s3" } } });
  log.info({ res: { headers: { "set-cookie": ["s4"] } }, body: { key: "s5" }, answer: { created: { secret: "s6" } } });
  // Its text stands in the message, the stack and the line.
  log.error({ err: new Error(`refused drc_${"s7".repeat(20)}`), csrfToken: "s8" });
  expect(written).not.toMatch(/s\d/);
  expect(written.match(/Redacted/g)).toHaveLength(7 + 3);
});

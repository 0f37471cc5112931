import type { CollectionResource } from "@drc/contracts";
import {
  type Database,
  dropOldCheckpoints,
  findExpiredUploads,
  findUnusedBlobs,
  forgetOldRemovals,
  knownBlobs,
  lockBlobs,
  noteRemovals,
  requireOpen,
  stillUnused,
  type Transaction,
} from "@drc/database";
import { type BucketContents, keyOf, type PresignedUploads, type StoredObject } from "@drc/storage";
import { openUpload } from "../uploads/upload-parts.ts";

export interface CollectionRules {
  /** Younger blobs stay: most are between their put and what will refer to them. */
  graceMs: number;
  /** Younger passing objects and unfinished uploads stay: most are on their way. */
  leftoverAgeMs: number;
  /** How long checkpoints of ended jobs stay. */
  checkpointMs: number;
  /** After that a step that removes blobs begins no other one; 10 s where it is left out. */
  stepMs?: number;
}

export interface Collectable {
  database: Database;
  presigned: PresignedUploads;
  bucket: BucketContents;
}

/** Blobs of one lock, so that a registration that meets the collector waits for so many at most. */
const BLOBS_PER_STEP = 10;
const STEP_MS = 10_000;
/** A removal that began within its step has the rest of this, before the step's lock is gone. */
const STEP_TIMEOUT_MS = 60_000;
const UPLOADS_PER_STEP = 100;
const PREFIXES = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/**
 * Removes what nothing refers to (any more), in small steps; `signal` ends it between two. Several collections at once,
 * and uploads, jobs and deletions beside them, do no harm: see `registerBlobs`. The bucket has to be this database's alone.
 */
export async function collectGarbage(
  parts: Collectable,
  rules: CollectionRules,
  signal?: AbortSignal,
): Promise<CollectionResource> {
  const { database } = parts;
  const done: CollectionResource = { checkpoints: 0, expiredUploads: 0, leftovers: 0, blobs: 0, bytes: 0 };
  done.checkpoints = await dropOldCheckpoints(database, rules.checkpointMs);
  await removeExpiredUploads(parts, done, signal);
  await removeLeftovers(parts, rules, done, signal);
  await collectBlobs(parts, rules, done, PREFIXES, signal);
  await forgetOldRemovals(database);
  return done;
}

/** The part for blobs, adding to `done`; of those whose hashes begin with one of the prefixes, of two digits. */
export async function collectBlobs(
  parts: Collectable,
  rules: CollectionRules,
  done: CollectionResource,
  prefixes: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const { database, bucket } = parts;
  const unused = await findUnusedBlobs(database, rules.graceMs);
  for (const prefix of prefixes) {
    const objects = await bucket.blobs(prefix);
    const known = await knownBlobs(database, objects.map(hashOf));
    const orphans = objects.filter((object) => !known.has(hashOf(object)) && isOlder(object.modifiedAt, rules.graceMs));
    const ofPrefix = unused.filter((sha256) => sha256.startsWith(prefix));
    // Sorted: two collections at once write their notes in the same order.
    const candidates = [...new Set([...ofPrefix, ...orphans.map(hashOf)])].sort();
    for (let from = 0; from < candidates.length; from += BLOBS_PER_STEP) {
      if (signal?.aborted) return;
      await removeBlobs(parts, prefix, candidates.slice(from, from + BLOBS_PER_STEP), rules, done);
    }
    if (signal?.aborted) return;
  }
}

/** What a slow store leaves no time for is for the next round. */
async function removeBlobs(
  { database, bucket }: Collectable,
  prefix: string,
  hashes: readonly string[],
  { graceMs, stepMs = STEP_MS }: CollectionRules,
  done: CollectionResource,
): Promise<void> {
  // Before and apart from what follows: where this process dies in the middle, the notes stay.
  await noteRemovals(database, hashes);
  const remove = async (transaction: Transaction) => {
    const startMs = performance.now();
    if (!(await lockBlobs(transaction, prefix))) return;
    const removed: string[] = [];
    for (const sha256 of await stillUnused(transaction, hashes, graceMs)) {
      if (removed.length > 0 && performance.now() - startMs > stepMs) break;
      const object = await bucket.find(keyOf(sha256));
      // It was put again, by somebody who is about to register it.
      if (object && !isOlder(object.modifiedAt, graceMs)) continue;
      // The lock goes with the transaction: without it, somebody may have registered what `find` saw.
      await requireOpen(transaction);
      if (object) await bucket.remove(object.key);
      removed.push(sha256);
      done.blobs++;
      done.bytes += object?.sizeBytes ?? 0;
    }
    await transaction.blob.deleteMany({ where: { sha256: { in: removed } } });
  };
  await database.$transaction(remove, { timeout: STEP_TIMEOUT_MS });
}

async function removeExpiredUploads(
  { database, presigned }: Collectable,
  done: CollectionResource,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const uploads = await findExpiredUploads(database, UPLOADS_PER_STEP);
    for (const upload of uploads) {
      if (signal?.aborted) return;
      if (upload.key !== null) await presigned.remove(openUpload(upload));
      const { count } = await database.upload.deleteMany({ where: { id: upload.id, state: upload.state } });
      done.expiredUploads += count;
    }
    if (uploads.length < UPLOADS_PER_STEP) return;
  }
}

/** Parts and passing objects of uploads that this database does not know (any more). */
async function removeLeftovers(
  { database, presigned, bucket }: Collectable,
  { leftoverAgeMs }: CollectionRules,
  done: CollectionResource,
  signal?: AbortSignal,
): Promise<void> {
  const unfinished = await bucket.unfinished();
  const passing = [...(await bucket.incoming()), ...(await bucket.checks())];
  const rows = await database.upload.findMany({ where: { key: { not: null } }, select: { key: true } });
  const inUse = new Set(rows.map(({ key }) => key));
  for (const upload of unfinished) {
    if (signal?.aborted) return;
    if (inUse.has(upload.key) || !isOlder(upload.startedAt, leftoverAgeMs)) continue;
    await presigned.remove(upload);
    done.leftovers++;
  }
  for (const { key, sizeBytes, modifiedAt } of passing) {
    if (signal?.aborted) return;
    if (inUse.has(key) || !isOlder(modifiedAt, leftoverAgeMs)) continue;
    await bucket.remove(key);
    done.leftovers++;
    done.bytes += sizeBytes;
  }
}

function isOlder(date: Date, ageMs: number): boolean {
  return date.getTime() < Date.now() - ageMs;
}

function hashOf({ key }: StoredObject): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

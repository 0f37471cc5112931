import type { Readable } from "node:stream";
import { ArchiveCheck, looksPacked, refuseArchive } from "./archive-check.ts";
import { isSystemFile } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";

/** One file of a tar archive; its bytes have to be read before the next is asked for. */
export interface TarFile {
  name: string;
  /** A hidden file, which is to be left out. */
  hidden: boolean;
  bytes: AsyncIterable<Buffer>;
}

const BLOCK_BYTES = 512;
/** Of an entry that gives the next one its long name or other attributes. */
const MAX_ATTRIBUTE_BYTES = 1024 * 1024;

/**
 * Reads a tar archive (POSIX with its extensions, or GNU) as it arrives. Each header is checked before its bytes are
 * passed on: names, types, sizes, checksums. Errors are `ApiError`s.
 */
export async function* readTar(source: Readable, limits: UploadLimits): AsyncGenerator<TarFile> {
  const reader = new BlockReader(source);
  const check = new ArchiveCheck(limits);
  let given: { path?: string; size?: number } = {};
  let files = 0;
  for (;;) {
    const block = await reader.block();
    if (block.every((byte) => byte === 0)) break;
    const header = parseHeader(block);
    switch (header.type) {
      case "L":
        given = { ...given, path: untilZero(await reader.attributes(header)) };
        continue;
      case "x":
        given = { ...given, ...parsePax(await reader.attributes(header)) };
        continue;
      case "g":
        // Attributes of all entries: none that matters here.
        await reader.attributes(header);
        continue;
    }
    // `tar` calls what lies in the folder it was given ./NAME.
    const name = (given.path ?? header.name).replace(/^(\.\/)+/, "");
    const sizeBytes = given.size ?? header.sizeBytes;
    given = {};
    // Old writers mark a folder by its name alone.
    if (header.type === "5" || name.endsWith("/")) {
      if (name !== "" && name !== ".") check.add(name.endsWith("/") ? name : `${name}/`, 0);
      await reader.skip(sizeBytes);
      continue;
    }
    if (header.type !== "0" && header.type !== "\0") {
      throw refuseArchive("This is a link or a special file; only files and folders are allowed.", name);
    }
    check.add(name, sizeBytes);
    files++;
    const hidden = isSystemFile(name);
    yield {
      name,
      hidden,
      bytes: hidden ? reader.content(sizeBytes) : withoutArchives(reader.content(sizeBytes), name),
    };
    await reader.finishEntry();
  }
  if (files === 0) throw refuseArchive("The archive has no file.");
  await reader.drain();
}

async function* withoutArchives(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of bytes) {
    if (first && looksPacked(chunk)) {
      throw refuseArchive("An archive in an archive is not unpacked; add its files instead.", name);
    }
    first = false;
    yield chunk;
  }
}

interface Header {
  name: string;
  type: string;
  sizeBytes: number;
}

function parseHeader(block: Buffer): Header {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (parseNumber(block.subarray(148, 156)) !== sum) throw refuseArchive("A header of the archive is damaged.");
  const name = untilZero(block.subarray(0, 100));
  // GNU's own format writes "ustar" and two blanks, and has other fields in the place of the prefix.
  const isPosix = block.subarray(257, 263).toString("latin1") === "ustar\0";
  const prefix = isPosix ? untilZero(block.subarray(345, 500)) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156]),
    sizeBytes: parseNumber(block.subarray(124, 136)),
  };
}

/** Octal digits, or, where the first bit is set, a big-endian number. */
function parseNumber(field: Buffer): number {
  const text = field.toString("latin1").replaceAll("\0", " ").trim();
  const value =
    field[0] === 0x80 ? Number(BigInt(`0x${field.subarray(1).toString("hex")}`)) : Number.parseInt(`0${text}`, 8);
  if ((field[0] !== 0x80 && !/^[0-7]*$/.test(text)) || !Number.isSafeInteger(value)) {
    throw refuseArchive("A header of the archive has a number that cannot be read.");
  }
  return value;
}

/** Records of the form `LENGTH KEY=VALUE\n`, where the length counts the whole record. */
function parsePax(bytes: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(" ", at);
    const length = Number(bytes.subarray(at, blank).toString("latin1"));
    const record = bytes.subarray(blank + 1, at + length - 1).toString("utf8");
    const equals = record.indexOf("=");
    if (blank < at || !Number.isSafeInteger(length) || at + length > bytes.length || length < 5 || equals < 1) {
      throw refuseArchive("An extended header of the archive is damaged.");
    }
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.path = value;
    if (key === "size") {
      found.size = Number(value);
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(found.size)) {
        throw refuseArchive("An extended header of the archive has a size that cannot be read.");
      }
    }
    at += length;
  }
  return found;
}

function untilZero(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? field.length : end).toString("utf8");
}

/** Takes a stream apart into blocks and the contents of entries. */
class BlockReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);
  /** Bytes of the current entry that were not read yet, and the padding behind them. */
  private unread = 0;
  private padding = 0;

  constructor(source: Readable) {
    this.chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  block(): Promise<Buffer> {
    return this.exactly(BLOCK_BYTES);
  }

  async attributes({ sizeBytes }: Header): Promise<Buffer> {
    if (sizeBytes > MAX_ATTRIBUTE_BYTES) throw refuseArchive("An extended header of the archive is too long.");
    const bytes = await this.exactly(sizeBytes);
    await this.exactly(paddingOf(sizeBytes));
    return bytes;
  }

  content(sizeBytes: number): AsyncGenerator<Buffer> {
    this.unread = sizeBytes;
    this.padding = paddingOf(sizeBytes);
    return this.readContent();
  }

  private async *readContent(): AsyncGenerator<Buffer> {
    while (this.unread > 0) {
      const chunk = await this.upTo(this.unread);
      this.unread -= chunk.length;
      yield chunk;
    }
  }

  async skip(sizeBytes: number): Promise<void> {
    this.content(sizeBytes);
    await this.finishEntry();
  }

  /** Goes to the next header, also where not all of an entry was read. */
  async finishEntry(): Promise<void> {
    while (this.unread > 0) this.unread -= (await this.upTo(this.unread)).length;
    await this.exactly(this.padding);
    this.padding = 0;
  }

  /** Reads to the end: a sender that is not heard out sees a broken connection. */
  async drain(): Promise<void> {
    for (let next = await this.chunks.next(); !next.done; next = await this.chunks.next());
  }

  private async exactly(sizeBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = sizeBytes; missing > 0; missing -= (parts.at(-1) as Buffer).length) {
      parts.push(await this.upTo(missing));
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  private async upTo(sizeBytes: number): Promise<Buffer> {
    while (this.rest.length === 0) {
      const { done, value } = await this.chunks.next();
      if (done) throw refuseArchive("The archive is cut off.");
      this.rest = value;
    }
    const chunk = this.rest.subarray(0, sizeBytes);
    this.rest = this.rest.subarray(chunk.length);
    return chunk;
  }
}

function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

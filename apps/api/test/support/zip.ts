import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive; what is not given is as it should be. */
export interface ZipFileEntry {
  name: string;
  bytes?: Uint8Array;
  /** Unix mode with the file's type, such as `0o120777` for a link. */
  mode?: number;
  crc?: number;
  flags?: number;
  method?: number;
  uncompressedSize?: number;
  /** Takes the bytes of the entry before it instead of bytes of its own. */
  sharesBytes?: boolean;
}

/** Writes an archive, also one that no honest program would write. */
export function makeZip(entries: readonly ZipFileEntry[]): Buffer {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let previousOffset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const bytes = entry.bytes ?? Buffer.from("bytes");
    const packed = deflateRawSync(bytes);
    const method = entry.method ?? 8;
    const crc = entry.crc ?? crc32(bytes);
    const size = entry.uncompressedSize ?? bytes.length;
    const at = entry.sharesBytes ? previousOffset : offset;
    if (!entry.sharesBytes) {
      const local = Buffer.alloc(30);
      local.writeUInt32LE(0x04034b50, 0);
      local.writeUInt16LE(20, 4);
      local.writeUInt16LE(entry.flags ?? 0x800, 6);
      local.writeUInt16LE(method, 8);
      local.writeUInt32LE(crc, 14);
      local.writeUInt32LE(packed.length, 18);
      local.writeUInt32LE(size, 22);
      local.writeUInt16LE(name.length, 26);
      body.push(local, name, packed);
      previousOffset = offset;
      offset += 30 + name.length + packed.length;
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE((3 << 8) | 20, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(entry.flags ?? 0x800, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(at, 42);
    directory.push(central, name);
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directoryBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...body, directoryBytes, end]);
}

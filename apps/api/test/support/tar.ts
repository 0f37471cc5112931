/** An entry of an archive; what is not given is as it should be. */
export interface TarEntry {
  name: string;
  bytes?: Uint8Array;
  /** `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder, `x` an extended header. */
  type?: string;
  /** The field as it stands in the header. */
  size?: string;
  checksum?: string;
  /** POSIX's field for the beginning of a long name. */
  prefix?: string;
  /** Records of an extended header before the entry. */
  pax?: Record<string, string>;
  /** Gives the name in an entry of its own, as GNU does. */
  longName?: boolean;
}

/** Writes an archive, also one that no honest program would write. */
export function makeTar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    if (entry.pax) parts.push(...blocksOf({ name: "pax", type: "x", bytes: paxRecords(entry.pax) }));
    if (entry.longName) {
      parts.push(...blocksOf({ name: "././@LongLink", type: "L", bytes: Buffer.from(`${entry.name}\0`) }));
    }
    parts.push(...blocksOf({ ...entry, name: entry.longName ? entry.name.slice(0, 99) : entry.name }));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function blocksOf({ name, type = "0", size, checksum, prefix = "", ...entry }: TarEntry): Buffer[] {
  const bytes = type === "0" || type === "x" || type === "L" ? (entry.bytes ?? Buffer.from("bytes")) : Buffer.alloc(0);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(size ?? bytes.length.toString(8).padStart(11, "0"), 124, "latin1");
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write("ustar\0" + "00", 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${checksum ?? sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecords(records: Record<string, string>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest;
    while (rest + String(length).length !== length) length++;
    return `${length} ${key}=${value}\n`;
  });
  return Buffer.from(lines.join(""));
}

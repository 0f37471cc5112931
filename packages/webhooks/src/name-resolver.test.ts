import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { AddressError, AllowedAddresses } from "./allowed-addresses.ts";
import { type FoundAddress, NameResolver } from "./name-resolver.ts";

const A = 1;
const AAAA = 28;

let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.close();
  sockets = [];
});

/** A name server with one record of each type for every name; without records it answers nothing at all. */
async function nameServer(records?: Partial<Record<number, number[]>>): Promise<string> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.on("message", (query, { port, address }) => {
    if (!records) return;
    const end = query.indexOf(0, 12) + 1;
    const data = records[query.readUInt16BE(end)];
    const header = Buffer.from(query.subarray(0, 12));
    // An answer, with recursion, and no error.
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(data ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    const question = query.subarray(12, end + 4);
    const parts: Uint8Array[] = [header, question];
    if (data) {
      // The name of the question, its type and class, a minute, and the address.
      const answer = Buffer.from([0xc0, 0x0c, 0, 0, 0, 1, 0, 0, 0, 60, 0, data.length, ...data]);
      answer.writeUInt16BE(query.readUInt16BE(end), 2);
      parts.push(answer);
    }
    socket.send(Buffer.concat(parts), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return `127.0.0.1:${socket.address().port}`;
}

const never = async (name: string): Promise<FoundAddress[]> => {
  throw new Error(`${name} was looked up.`);
};

it("asks DNS for both kinds of address, and the system for nothing", async () => {
  const servers = [await nameServer({ [A]: [1, 1, 1, 1], [AAAA]: [0x26, 6, 0x47, 0, ...Array(11).fill(0), 1] })];
  const allowed = new AllowedAddresses("", new NameResolver({ servers, lookup: never }));
  expect(await allowed.resolve("https://hook.example.test/")).toEqual([
    { address: "1.1.1.1", family: 4 },
    { address: "2606:4700::1", family: 6 },
  ]);
});

it("takes one kind where there is no other, and refuses what is not public (field case 58)", async () => {
  const open = new NameResolver({ servers: [await nameServer({ [A]: [1, 1, 1, 1] })], lookup: never });
  expect(await new AllowedAddresses("", open).resolve("https://hook.example.test/")).toHaveLength(1);
  const inner = new NameResolver({ servers: [await nameServer({ [A]: [10, 0, 0, 1] })], lookup: never });
  await expect(new AllowedAddresses("", inner).resolve("https://hook.example.test/")).rejects.toThrow(
    /has an address that is not public \(private\)/,
  );
});

it("waits for a silent name server no longer than its time", async () => {
  const names = new NameResolver({ servers: [await nameServer()], timeoutMs: 50, lookup: never });
  const refused = new AllowedAddresses("", names).resolve("https://hook.example.test/");
  await expect(refused).rejects.toThrow(AddressError);
});

it("asks the system about names that DNS does not know only where the operator allows a range", async () => {
  const asked: string[] = [];
  const lookup = async (name: string): Promise<FoundAddress[]> => {
    asked.push(name);
    return [{ address: "127.0.0.1", family: 4 }];
  };
  const names = new NameResolver({ servers: [await nameServer({})], lookup });
  await expect(new AllowedAddresses("", names).resolve("http://hook.internal/")).rejects.toThrow("has no address");
  expect(asked).toEqual([]);
  const allowed = new AllowedAddresses("127.0.0.0/8", names);
  for (const host of ["hook.internal", "localhost"]) {
    expect(await allowed.resolve(`http://${host}/`)).toEqual([{ address: "127.0.0.1", family: 4 }]);
  }
  expect(asked).toEqual(["hook.internal", "localhost"]);
});

it("has two names looked up by the system at once, and refuses what would wait too long", async () => {
  let running = 0;
  let most = 0;
  const release: (() => void)[] = [];
  const lookup = async (): Promise<FoundAddress[]> => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => release.push(resolve));
    running--;
    return [];
  };
  const names = new NameResolver({ lookup });
  const asked = Array.from({ length: 102 }, () => names.find("service", false));
  await expect(names.find("service", false)).rejects.toThrow("Too many names");
  let ended = false;
  const all = Promise.all(asked).then(() => {
    ended = true;
  });
  while (!ended) {
    release.shift()?.();
    await new Promise(setImmediate);
  }
  await all;
  expect(most).toBe(2);
});

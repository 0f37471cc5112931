import { expect, it } from "vitest";
import { AddressError, AllowedAddresses } from "./allowed-addresses.ts";

const publicOnly = new AllowedAddresses();

const PRIVATE = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "0.0.0.0",
  "0",
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "192.0.0.8",
  "198.18.0.1",
  "203.0.113.5",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "[::]",
  "[::1]",
  "[::7f00:1]",
  "[::ffff:10.0.0.1]",
  "[::ffff:a00:1]",
  "[::ffff:127.0.0.1]",
  "[0:0:0:0:0:ffff:a9fe:a9fe]",
  "[64:ff9b::a00:1]",
  "[64:ff9b:1::a00:1]",
  "[2002:a00:1::]",
  "[2001:db8::1]",
  "[fe80::1]",
  "[fec0::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[ff02::1]",
  "[100::1]",
];

it.each(PRIVATE)("refuses http://%s/ without asking DNS (field case 58)", async (host) => {
  await expect(publicOnly.resolve(`http://${host}/hook`)).rejects.toThrow(/is an address that is not public/);
});

it.each(["localhost", "LOCALHOST"])("refuses the name %s for its address (field case 58)", async (host) => {
  const refusal = await publicOnly.resolve(`https://${host}/hook`).catch((error: Error) => error);
  expect(refusal).toBeInstanceOf(AddressError);
  expect((refusal as Error).message).toMatch(/^localhost has an address that is not public \(loopback\)/);
  expect((refusal as Error).message).not.toContain("127.0.0.1");
});

it("gives the addresses of public hosts", async () => {
  expect(await publicOnly.resolve("https://1.1.1.1/")).toEqual([{ address: "1.1.1.1", family: 4 }]);
  expect(await publicOnly.resolve("https://16843009/")).toEqual([{ address: "1.1.1.1", family: 4 }]);
  const address = "2606:4700:4700::1111";
  expect(await publicOnly.resolve(`https://[${address}]:8443/`)).toEqual([{ address, family: 6 }]);
});

it("allows the ranges that the operator names, however an address is written", async () => {
  const allowed = new AllowedAddresses("127.0.0.0/8, fd00::/8");
  for (const host of ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "[fd00::1]", "1.1.1.1"]) {
    expect(await allowed.resolve(`http://${host}/`)).toHaveLength(1);
  }
  for (const host of ["10.0.0.1", "[::1]", "[fe80::1]"]) {
    await expect(allowed.resolve(`http://${host}/`)).rejects.toThrow(AddressError);
  }
});

it.each([
  ["not a URL", "This is not a URL"],
  ["ftp://1.1.1.1/", "begins with ftp:"],
  ["file:///etc/passwd", "begins with file:"],
  ["https://user@1.1.1.1/", "has credentials"],
  ["https://:word@1.1.1.1/", "has credentials"],
  // No label may be so long: it is not asked for.
  [`https://${"x".repeat(64)}.invalid/`, "has no address"],
])("refuses %s", async (url, reason) => {
  await expect(publicOnly.resolve(url)).rejects.toThrow(reason);
});

it.each(["10.0.0.1", "10.0.0.0/33", "everything"])("does not take %s for a range", (range) => {
  expect(() => new AllowedAddresses(`127.0.0.0/8,${range}`)).toThrow(`${range} is not a range`);
});

import ipaddr from "ipaddr.js";
import { type FoundAddress, NameResolver } from "./name-resolver.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Why a URL may not be called. The message is for whoever gave the URL, and names no address that DNS gave. */
export class AddressError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AddressError";
  }
}

/** An address that was checked, as a socket takes it. */
export type CheckedAddress = FoundAddress;

/** Of IPv6 only this is given to public hosts: not `::/96`, local NAT64 prefixes or what else is set apart. */
const PUBLIC_IPV6 = ipaddr.parseCIDR("2000::/3");

/** Which addresses webhooks may reach: public ones, and the ranges that the operator allows besides. */
export class AllowedAddresses {
  private readonly ranges: Range[];
  private readonly names: NameResolver;

  /**
   * @param list ranges as CIDR with commas between them, such as `127.0.0.0/8,fd00::/8`
   * @throws where an entry is no range
   */
  constructor(list = "", names: NameResolver = new NameResolver()) {
    this.names = names;
    const entries = list.split(",").map((entry) => entry.trim());
    this.ranges = entries.filter((entry) => entry !== "").map(parseRange);
  }

  /** Whether a connection to this address may be made. An IPv4 address mapped into IPv6 is that IPv4 address. */
  allows(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    if (this.ranges.some(([base, bits]) => base.kind() === parsed.kind() && matches(parsed, base, bits))) return true;
    return parsed.range() === "unicast" && (parsed.kind() === "ipv4" || matches(parsed, ...PUBLIC_IPV6));
  }

  /**
   * Checks a URL, asks DNS, and checks every address that it gives.
   * @returns the addresses, to which the connection then has to be made: a second question could have another answer.
   * @throws AddressError
   */
  async resolve(url: string): Promise<CheckedAddress[]> {
    const { hostname } = checkUrl(url);
    // The parser has already made one form of the many in which an IPv4 address can be written.
    const literal = hostname.replace(/^\[(.*)\]$/, "$1");
    const isLiteral = ipaddr.isValid(literal);
    const found = isLiteral ? [{ address: literal, family: familyOf(literal) }] : await this.resolveName(hostname);
    const refused = found.find(({ address }) => !this.allows(address));
    if (refused) {
      const { address } = refused;
      const range = ipaddr.isValid(address) ? ipaddr.process(address).range() : "unknown";
      const kind = range === "unicast" ? "reserved" : range;
      throw new AddressError(
        `${hostname} ${isLiteral ? "is" : "has"} an address that is not public (${kind}). Take a public one; the operator can allow a range by DRC_WEBHOOK_ALLOW.`,
      );
    }
    return found;
  }

  /** Names that only this machine knows are of use where the operator allows addresses that only it reaches. */
  private async resolveName(hostname: string): Promise<CheckedAddress[]> {
    try {
      return await this.names.find(hostname, this.ranges.length > 0);
    } catch {
      throw new AddressError(`${hostname} has no address: DNS does not know the name, or did not answer.`);
    }
  }
}

/** @throws AddressError where the URL is none of http or https, or has credentials */
function checkUrl(text: string): URL {
  if (!URL.canParse(text)) throw new AddressError("This is not a URL, such as https://example.org/hook.");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new AddressError(`The URL begins with ${url.protocol}; take https: or http:.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new AddressError("The URL has credentials. Leave them out: the signature says who sends.");
  }
  return url;
}

function familyOf(address: string): 4 | 6 {
  return ipaddr.parse(address).kind() === "ipv6" ? 6 : 4;
}

function parseRange(entry: string): Range {
  if (!ipaddr.isValidCIDR(entry)) throw new Error(`${entry} is not a range of addresses, such as 10.0.0.0/8.`);
  return ipaddr.parseCIDR(entry);
}

function matches(address: Address, base: Address, bits: number): boolean {
  return address.kind() === base.kind() && (address as ipaddr.IPv6).match(base as ipaddr.IPv6, bits);
}

import { lookup, Resolver } from "node:dns/promises";

/** An address as a socket takes it. */
export interface FoundAddress {
  address: string;
  family: 4 | 6;
}

export interface NameResolverOptions {
  /** Name servers in the place of the system's, such as `127.0.0.1:5353`. */
  servers?: readonly string[];
  /** How long a name server may take for its first answer; asked again, it may take twice as long. */
  timeoutMs?: number;
  /** The system's own look-up, which knows `/etc/hosts` and search domains. */
  lookup?: (name: string) => Promise<FoundAddress[]>;
}

/** Of the four threads of the process that read files as well, no more than so many wait for the system's look-up. */
const LOOKUPS_AT_ONCE = 2;
/** More than so many do not wait for those: they fail at once. */
const LOOKUPS_WAITING = 100;

/**
 * Finds the addresses of names. DNS is asked over the network, which holds up nothing else; the system's look-up takes
 * a thread of the process for as long as it lasts, and is asked for names without a dot, and where the caller wants it.
 */
export class NameResolver {
  private readonly resolver: Resolver;
  private readonly lookup: (name: string) => Promise<FoundAddress[]>;
  private lookups = 0;
  private readonly waiting: (() => void)[] = [];

  constructor({ servers, timeoutMs = 2_000, lookup: given = systemLookup }: NameResolverOptions = {}) {
    this.resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
    if (servers) this.resolver.setServers([...servers]);
    this.lookup = given;
  }

  /**
   * @param bySystem whether the system may be asked about a name with a dot that DNS does not know, as from `/etc/hosts`.
   * Rejects where there is no address.
   */
  async find(name: string, bySystem: boolean): Promise<FoundAddress[]> {
    if (!name.includes(".")) return this.lookUp(name);
    const [four, six] = await Promise.allSettled([this.resolver.resolve4(name), this.resolver.resolve6(name)]);
    const found = [...addressesOf(four, 4), ...addressesOf(six, 6)];
    if (found.length > 0) return found;
    if (bySystem) return this.lookUp(name);
    throw four.status === "rejected" ? four.reason : new Error(`${name} has no address.`);
  }

  private async lookUp(name: string): Promise<FoundAddress[]> {
    if (this.lookups < LOOKUPS_AT_ONCE) this.lookups++;
    else if (this.waiting.length >= LOOKUPS_WAITING) throw new Error("Too many names are being looked up.");
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await this.lookup(name);
    } finally {
      // Who waits next has this place.
      const next = this.waiting.shift();
      if (next) next();
      else this.lookups--;
    }
  }
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: 4 | 6): FoundAddress[] {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}

async function systemLookup(name: string): Promise<FoundAddress[]> {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "../generated/client.ts";

export type Database = PrismaClient;
/** The client inside of a transaction; functions that take it never commit by themselves. */
export type Transaction = Prisma.TransactionClient;
export { Prisma };

/** Connects lazily; `disconnectDatabase` ends the connections. */
export function connectDatabase(databaseUrl: string, options: { maxConnections?: number } = {}): Database {
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString: databaseUrl, max: options.maxConnections ?? 8 }),
    // A machine whose cores are all training answers late, not never.
    transactionOptions: { maxWait: 15_000, timeout: 20_000 },
  });
}

export function disconnectDatabase(database: Database): Promise<void> {
  return database.$disconnect();
}

/** The moment by the database's clock, which alone decides what has expired. */
export async function databaseNow(transaction: Transaction): Promise<Date> {
  const rows = await transaction.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  return rows[0].now;
}

/** Throws where the transaction has ended, by its timeout or with its connection: its locks are gone then. */
export async function requireOpen(transaction: Transaction): Promise<void> {
  await transaction.$queryRaw`SELECT 1`;
}

/** A value as JSON for a column: what JSON cannot say (undefined members) is left out. */
export function toJson(value: unknown): Prisma.InputJsonValue {
  return JSON.parse(JSON.stringify(value));
}

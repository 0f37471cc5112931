import process from "node:process";
import { defineConfig } from "prisma/config";

// The client needs no native engine, but the command line would download one even to generate it: any program
// will do in its place.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL ?? "postgresql://localhost/none" },
});

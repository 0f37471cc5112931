import type { Command } from "commander";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { formatBytes, groupDigits } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";

/** `drc models`: the models that a server has, newest first. */
export function registerModels(program: Command): void {
  addServerOptions(program.command("models"))
    .description("list the models of a server")
    .option("--json", "print one JSON document")
    .action(async (options: ServerOptions & { json?: true }) => {
      const models = await (await connect(options)).models();
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ models })}\n`);
        return;
      }
      if (models.length === 0) {
        process.stdout.write(`No models yet. ${commandHint(["submit", "--help"], {})} says how to make one.\n`);
        return;
      }
      const columns = [
        { title: "model" },
        { title: "name" },
        { title: "role" },
        { title: "scale", align: "right" as const },
        { title: "parameters", align: "right" as const },
        { title: "file", align: "right" as const },
        { title: "made" },
      ];
      const rows = models.map(({ id, name, role, scale, cost, sizeBytes, createdAt }) => [
        id,
        name,
        role,
        `×${scale}`,
        groupDigits(cost.parameters),
        formatBytes(sizeBytes),
        createdAt.slice(0, 16).replace("T", " "),
      ]);
      process.stdout.write(`${formatTable(columns, rows)}\n`);
    });
}

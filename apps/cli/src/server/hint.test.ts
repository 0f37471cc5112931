import { expect, it } from "vitest";
import { commandHint } from "./hint.ts";

it.each([
  [{ dataFolder: ".drc" }, "npx drc watch cmp_1"],
  [{ dataFolder: "my data" }, "npx drc watch cmp_1 --data-folder 'my data'"],
  [
    { dataFolder: ".drc", url: "http://server:8080", key: "drc_secret" },
    "npx drc watch cmp_1 --url http://server:8080 --key KEY",
  ],
])("leads to the server of %j", (options, hint) => {
  expect(commandHint(["watch", "cmp_1"], options)).toBe(hint);
});

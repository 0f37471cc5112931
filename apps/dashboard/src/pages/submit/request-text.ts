import type { Json } from "./form-node.ts";
import type { FormKind } from "./forms.ts";

/** The same request for a shell. The key stands in a variable, and never in the text. */
export function curlText(kind: FormKind, body: Json): string {
  return [
    `curl -X POST "${location.origin}${kind.url}" \\`,
    `  -H "authorization: Bearer $DRC_API_KEY" \\`,
    `  -H "content-type: application/json" \\`,
    `  -d @- <<'JSON'`,
    JSON.stringify(body, null, 2),
    "JSON",
  ].join("\n");
}

/** The same for Node with the client library, in the folder of the project. */
export function scriptText(kind: FormKind, body: Json): string {
  return [
    "// In the project's folder: DRC_API_KEY=… node script.mjs",
    `import { DrcClient } from "./packages/sdk/dist/drc-sdk.js";`,
    "",
    `const drc = new DrcClient({ url: ${JSON.stringify(location.origin)}, key: process.env.DRC_API_KEY });`,
    `const { id } = await drc.${kind.resource}.create(${JSON.stringify(body, null, 2)});`,
    "console.log(id);",
    ...(kind.resource === "sweeps" ? [] : [`console.log((await drc.${kind.resource}.wait(id)).state);`]),
  ].join("\n");
}

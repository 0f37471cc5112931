import { expect, test } from "vitest";
import { unsupportedNode } from "./node-version.mjs";

test("field case 62: Node outside 20 to 22 gets one line that says what to install", () => {
  for (const version of ["20.0.0", "20.20.2", "22.21.0"]) expect(unsupportedNode(version)).toBeUndefined();
  for (const version of ["18.20.4", "23.0.0", "24.1.0"]) {
    const problem = unsupportedNode(version);
    expect(problem).toContain(version);
    expect(problem).toContain("install Node 20 or 22");
    expect(problem).not.toContain("\n");
  }
});

const MAX_NAME_BYTES = 255;

/** Why a file cannot have this name; null where it can. Folders are part of a name, as in `day/0001.png`. */
export function fileNameProblem(name: string): string | null {
  if (name === "") return "The name is empty.";
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `The name has more than ${MAX_NAME_BYTES} bytes.`;
  if (/\p{Cc}/u.test(name)) return "The name has control characters.";
  if (name.includes("\\")) return "The name has a backslash.";
  if (name.startsWith("/") || /^[a-z]:/i.test(name)) return "The name is an absolute path.";
  if (name.split("/").some((part) => part === ".." || part === "." || part === "")) {
    return "The path has empty parts or parts that point elsewhere.";
  }
  return null;
}

/** Files that systems add by themselves: hidden ones, and the folder that macOS puts into archives. */
export function isSystemFile(name: string): boolean {
  const parts = name.split("/");
  return parts[0] === "__MACOSX" || parts.some((part) => part.startsWith(".") && part !== "." && part !== "..");
}

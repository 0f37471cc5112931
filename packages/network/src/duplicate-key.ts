/**
 * The first key that one object of a valid JSON text has twice, if any. `JSON.parse` silently keeps the last one;
 * other readers may keep the first, and would then see another file.
 */
export function duplicateKey(json: string): string | undefined {
  // The keys of the objects that are open; undefined for a list.
  const open: (Set<string> | undefined)[] = [];
  // In an object, a string is a key where the last bracket or comma is nearer than the last colon.
  let expectsKey = false;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case "{":
        open.push(new Set());
        expectsKey = true;
        break;
      case "[":
        open.push(undefined);
        expectsKey = false;
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        expectsKey = true;
        break;
      case ":":
        expectsKey = false;
        break;
      case '"': {
        const start = at;
        for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
        const keys = open.at(-1);
        if (!keys || !expectsKey) break;
        const key: string = JSON.parse(json.slice(start, at + 1));
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
  }
  return undefined;
}

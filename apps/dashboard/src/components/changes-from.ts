type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON merge patch (RFC 7396) that makes `after` of `before`: null takes a field away. */
export function changesFrom(before: JsonObject, after: JsonObject): Record<string, unknown> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      if (!Object.hasOwn(after, name)) return [[name, null]];
      const [old, now] = [before[name], after[name]];
      if (JSON.stringify(old) === JSON.stringify(now)) return [];
      return [[name, isObject(old) && isObject(now) ? changesFrom(old, now) : now]];
    }),
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Patched = Record<string, unknown>;

/** A JSON merge patch (RFC 7396): objects are merged, null removes, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Patched = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else Object.defineProperty(merged, key, { value: mergePatch(merged[key], value), ...OWN });
  }
  return merged;
}

/** Defined, not assigned: a key such as `__proto__` would change something else. */
const OWN = { enumerable: true, configurable: true, writable: true };

function isObject(value: unknown): value is Patched {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The number in a `NumberInput`, which holds a text while somebody types: of "2.0" it makes 2 when it loses the focus. Null where
 * it is empty, NaN where there is no number, such as after "-".
 */
export function numberIn(value: number | string): number | null {
  if (typeof value === "number") return value;
  return value.trim() === "" ? null : Number(value);
}

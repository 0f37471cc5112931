/** A string, or a run of what is neither a string, a blank nor a mark. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g;

/**
 * JSON with line breaks and every token as it is: parsed and printed anew, 1.0 would be 1, and digits beyond the 15th others. What
 * is no JSON stays as it is.
 */
export function jsonText(json: string): string {
  if (!isJson(json)) return json;
  const tokens = json.match(TOKEN) ?? [];
  let text = "";
  let depth = 0;
  tokens.forEach((token, i) => {
    const line = () => `\n${"  ".repeat(depth)}`;
    const before = tokens[i - 1];
    if (token === "}" || token === "]") {
      depth--;
      if (before !== "{" && before !== "[") text += line();
    } else if (before === "{" || before === "[" || before === ",") text += line();
    text += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
  });
  return text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

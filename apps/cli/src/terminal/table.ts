export interface Column {
  title: string;
  align?: "left" | "right";
}

/** Lines of a table with aligned columns; widths count characters, as names may hold accents. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const length = (text: string) => [...text].length;
  const widths = columns.map(({ title }, i) => Math.max(length(title), ...rows.map((row) => length(row[i]))));
  const pad = (text: string, i: number) => {
    const space = " ".repeat(widths[i] - length(text));
    return columns[i].align === "right" ? space + text : text + space;
  };
  const line = (cells: readonly string[]) => cells.map(pad).join("  ").trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)].join("\n");
}

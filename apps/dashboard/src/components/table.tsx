import { memo, type ReactNode, useEffect, useRef } from "react";

export interface Column<Row> {
  /** Unique in the table; the head, where `head` says no other. */
  title: string;
  head?: ReactNode;
  /** Numbers stand at the right, below each other; `short` columns do not wrap; a `wide` one takes what is left. */
  as?: "number" | "short" | "wide";
  cell(row: Row): ReactNode;
}

interface TableProps<Row> {
  /** What the table is about, for those who do not see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** In the place of rows. */
  empty?: ReactNode;
  /** Under a row, over all columns: what is too long for one of them. Null for nothing. */
  below?(row: Row): ReactNode;
}

/** A plain table that scrolls sideways by itself where it is too wide; a shadow at a side says that there is more of it. */
export function Table<Row>({ label, columns, rows, keyOf, empty = "None.", below }: TableProps<Row>) {
  const place = useHiddenSides<HTMLDivElement>();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys
    <div ref={place} className="table-scroll" role="group" aria-label={label} tabIndex={0}>
      <table className="data-table">
        <thead>
          <tr>
            {columns.map(({ title, head, as }) => (
              <th key={title} className={as} scope="col">
                {head ?? title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={keyOf(row)}
              row={row}
              columns={columns as readonly Column<unknown>[]}
              below={below as ((row: unknown) => ReactNode) | undefined}
            />
          ))}
          {rows.length === 0 && (
            <tr>
              <td colSpan={columns.length}>{empty}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

/** For what scrolls sideways, of the class `table-scroll`: shadows say where it goes on. */
export function useHiddenSides<Scrolled extends HTMLElement = HTMLElement>() {
  const place = useRef<Scrolled>(null);
  useEffect(() => (place.current ? markHiddenSides(place.current) : undefined), []);
  return place;
}

/** Keeps `data-more-left` and `data-more-right` true to what is out of sight. @returns what ends it */
function markHiddenSides(element: HTMLElement): () => void {
  const mark = () => {
    const { scrollLeft, scrollWidth, clientWidth } = element;
    element.toggleAttribute("data-more-left", scrollLeft > 1);
    element.toggleAttribute("data-more-right", scrollLeft + clientWidth < scrollWidth - 1);
  };
  const sized = new ResizeObserver(mark);
  sized.observe(element);
  for (const child of element.children) sized.observe(child);
  element.addEventListener("scroll", mark, { passive: true });
  return () => {
    sized.disconnect();
    element.removeEventListener("scroll", mark);
  };
}

interface RowProps {
  row: unknown;
  columns: readonly Column<unknown>[];
  below?(row: unknown): ReactNode;
}

/** Drawn again only where its record has changed: lists are read again every few seconds. */
const Row = memo(function Row({ row, columns, below }: RowProps) {
  const more = below?.(row) ?? null;
  return (
    <>
      <tr>
        {columns.map(({ title, as, cell }) => (
          <td key={title} className={as}>
            {cell(row)}
          </td>
        ))}
      </tr>
      {more !== null && (
        <tr>
          <td colSpan={columns.length}>
            <div className="row-below">{more}</div>
          </td>
        </tr>
      )}
    </>
  );
});

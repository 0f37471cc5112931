import { Checkbox } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { JobRecords } from "../../api/job-records.ts";
import { count, counted, moment } from "../../components/format.ts";

/** More lines than anybody scrolls through, and no more than a browser shows at once. */
const SHOWN_LINES = 2_000;

/** The newest lines, at the bottom; it follows them until somebody scrolls up. */
export function LogView({ records, live }: { records: JobRecords; live: boolean }) {
  const { logs } = records;
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const shown = logs.slice(-SHOWN_LINES);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new line
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follows, logs.length]);
  const noteScroll = () => {
    if (!box.current) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    setFollows(scrollHeight - scrollTop - clientHeight < 24);
  };
  if (logs.length === 0) return <p className="note">{whyNone(records, live)}</p>;
  return (
    <>
      <div className="log-head small dimmed">
        {logs.length > shown.length
          ? `The newest ${count(shown.length)} of ${count(logs.length)} lines`
          : counted(logs.length, "line")}
        <Checkbox
          size="xs"
          label="Follow"
          checked={follows}
          onChange={(event) => setFollows(event.currentTarget.checked)}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys */}
      <div ref={box} className="text-box" role="group" aria-label="Log" tabIndex={0} onScroll={noteScroll}>
        <pre>{shown.map(({ line, createdAt }) => `${moment(createdAt)}  ${line}`).join("\n")}</pre>
      </div>
    </>
  );
}

function whyNone({ refusal, cursor }: JobRecords, live: boolean): string {
  if (refusal) return "Not read.";
  if (cursor === undefined) return "Reading …";
  return live ? "No line yet." : "It has written no lines.";
}

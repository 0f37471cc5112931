import { Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { ActionButton } from "../../components/action-button.tsx";
import { DropZone } from "../../components/drop-zone.tsx";
import { bytes, count } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { ProblemBox } from "../../components/problem.tsx";
import { Tone } from "../../components/state-badge.tsx";
import { Table } from "../../components/table.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { chosenFiles, droppedFiles } from "./dropped-files.ts";
import { type Upload, type UploadItem, useUpload } from "./use-upload.ts";

/** Rows of what goes on; thousands of files are told by their number. */
const SHOWN = 20;

/** Where files and folders are dropped or chosen, and how far they are. */
export function UploadPanel({ datasetId, onStored }: { datasetId: string; onStored: () => void }) {
  const whyNot = useWhyNot("submit");
  const upload = useUpload(datasetId, onStored);
  const [unread, setUnread] = useState<unknown>(null);
  const folder = useRef<HTMLInputElement>(null);
  const drop = async (dropped: DataTransfer) => {
    setUnread(null);
    if (whyNot !== null) return;
    try {
      upload.add(await droppedFiles(dropped));
    } catch (error) {
      setUnread(error);
    }
  };
  return (
    <Panel title="Upload">
      <DropZone onDrop={drop}>
        <Text size="sm">Drop images, archives (zip, tar, tar.gz) or folders here, or choose them:</Text>
        <Group gap="xs" justify="center" mt="xs">
          <FileButton
            multiple
            onChange={(files) => upload.add(files.map((file) => ({ name: file.name, file })))}
            inputProps={{ "aria-label": "Files to upload" }}
          >
            {(props) => (
              <ActionButton {...props} variant="default" why={whyNot}>
                Choose files
              </ActionButton>
            )}
          </FileButton>
          <ActionButton variant="default" why={whyNot} onClick={() => folder.current?.click()}>
            Choose a folder
          </ActionButton>
          <input
            ref={(node) => {
              folder.current = node;
              node?.setAttribute("webkitdirectory", "");
            }}
            type="file"
            hidden
            aria-label="Folder to upload"
            onChange={({ currentTarget }) => {
              upload.add(chosenFiles(currentTarget.files));
              currentTarget.value = "";
            }}
          />
        </Group>
        <Text size="xs" c="dimmed" mt="xs">
          Names keep the folders within the one that is dropped; several folders, and those called HR or LR, keep their
          own names too. A name that is there already is replaced.
        </Text>
      </DropZone>
      {unread !== null && (
        <ProblemBox
          title="What was dropped could not be read"
          detail={`Nothing of it is uploaded. The browser says: ${unread instanceof Error ? unread.message : String(unread)}`}
        />
      )}
      {upload.items.length > 0 && <UploadProgress upload={upload} />}
    </Panel>
  );
}

const TONES = { waiting: "waiting", sending: "running", stored: "succeeded", failed: "failed" } as const;

function UploadProgress({ upload: { items, isSending, retry, stop } }: { upload: Upload }) {
  const of = (state: UploadItem["state"]) => items.filter((item) => item.state === state);
  const stored = of("stored");
  const failed = of("failed");
  const totalBytes = items.reduce((sum, { file }) => sum + file.size, 0);
  const sentBytes = items.reduce((sum, item) => sum + item.sentBytes, 0);
  const share = totalBytes === 0 ? 1 : sentBytes / totalBytes;
  const shown = [...failed, ...of("sending"), ...of("waiting"), ...stored].slice(0, SHOWN);
  return (
    <Stack gap="xs" mt="sm">
      <Progress value={100 * share} aria-label="Uploaded" />
      <Group gap="sm" justify="space-between">
        <Text size="sm" role="status">
          {count(stored.length)} of {count(items.length)} files stored, {bytes(sentBytes)} of {bytes(totalBytes)}
          {failed.length > 0 ? `; ${count(failed.length)} failed` : ""}.
          {isSending ? " Stay on this page until it is done." : ""}
        </Text>
        <Group gap="xs">
          {isSending && (
            <Button variant="default" size="compact-sm" onClick={stop}>
              Stop
            </Button>
          )}
          {!isSending && failed.length > 0 && (
            <Button variant="default" size="compact-sm" onClick={retry}>
              Try the failed ones again
            </Button>
          )}
        </Group>
      </Group>
      {(isSending || failed.length > 0) && (
        <Table
          label="Files that are uploaded"
          rows={shown}
          keyOf={({ number }) => String(number)}
          columns={[
            { title: "State", as: "short", cell: ({ state }) => <Tone tone={TONES[state]}>{state}</Tone> },
            { title: "File", cell: ({ name }) => name },
            { title: "Size", as: "number", cell: ({ file }) => bytes(file.size) },
            { title: "Why", as: "wide", cell: ({ error }) => error ?? "" },
          ]}
        />
      )}
      {items.length > shown.length && isSending && (
        <Text size="sm" c="dimmed">
          And {count(items.length - shown.length)} more.
        </Text>
      )}
    </Stack>
  );
}

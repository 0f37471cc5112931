import { FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { isSentInParts, sendInParts } from "../../api/send-in-parts.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { DropZone } from "../../components/drop-zone.tsx";
import { bytes } from "../../components/format.ts";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { useLeaving } from "../../components/use-leaving.ts";
import { useWhyNot } from "../../components/why-not.ts";

/** Where a network that was trained elsewhere comes in; its page is shown then, from where it is compressed. */
export function UploadModel() {
  const whyNot = useWhyNot("submit");
  const navigate = useNavigate();
  const [sentBytes, setSentBytes] = useState(0);
  const leaving = useLeaving();
  const uploading = useMutation({
    mutationFn: (file: File) => send(file, leaving.current.signal, setSentBytes),
    onMutate: () => setSentBytes(0),
    onSuccess: ({ id }) => {
      void queryClient.invalidateQueries({ queryKey: ["models"] });
      if (!leaving.current.signal.aborted) void navigate({ to: "/models/$modelId", params: { modelId: id } });
    },
  });
  const file = uploading.variables;
  const why = whyNot ?? (uploading.isPending ? "A file is being sent." : null);
  const add = (given: File | null | undefined) => {
    if (given && why === null) uploading.mutate(given);
  };
  return (
    <Panel title="Upload a network">
      <DropZone onDrop={({ files }) => add(files[0])}>
        <Group gap="sm" justify="center">
          <Text size="sm">Drop a safetensors file here, or choose it:</Text>
          <FileButton accept=".safetensors" onChange={add} inputProps={{ "aria-label": "Network to upload" }}>
            {(props) => (
              <ActionButton {...props} variant="default" why={why}>
                Choose a file
              </ActionButton>
            )}
          </FileButton>
        </Group>
        <Text size="xs" c="dimmed" mt="xs">
          A network of DRN, EDSR, RCAN or RFDN with its PyTorch names, or one that was downloaded here. A .pt checkpoint
          is made one by <code>safetensors.torch.save_file</code>.
        </Text>
      </DropZone>
      {uploading.isPending && file && (
        <Stack gap="xs" mt="sm">
          <Progress value={file.size === 0 ? 0 : (100 * sentBytes) / file.size} aria-label="Uploaded" />
          <Text size="sm" role="status">
            Sending {file.name}, {bytes(file.size)}, and reading it. Stay on this page until it is done.
          </Text>
        </Stack>
      )}
      {uploading.error && !leaving.current.signal.aborted && (
        <div className="below">
          <Problem error={uploading.error} />
        </div>
      )}
    </Panel>
  );
}

/** A large file goes to the store in parts, and goes on there when it is sent again. */
async function send(file: File, signal: AbortSignal, onProgress: (sentBytes: number) => void) {
  if (!isSentInParts(file)) return client.models.upload({ name: file.name, data: file }, {}, { signal });
  const { id: uploadId } = await sendInParts(file.name, file, signal, onProgress);
  return client.models.create({ uploadId }, { signal });
}

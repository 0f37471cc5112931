import { WEBHOOK_EVENTS, type WebhookEvent, type WebhookResource } from "@drc/contracts";
import type { NewWebhook } from "@drc/sdk";
import { Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { ActionButton } from "../../components/action-button.tsx";
import { errorsByPointer, isAtFields } from "../../components/field-errors.ts";
import { Problem } from "../../components/problem.tsx";
import { useWhyNot } from "../../components/why-not.ts";

interface WebhookFormProps {
  /** What there is already, where one is changed. */
  webhook?: WebhookResource;
  submitLabel: string;
  run(body: NewWebhook): Promise<void>;
}

/** URL, description and events. */
export function WebhookForm({ webhook, submitLabel, run }: WebhookFormProps) {
  const whyNot = useWhyNot("submit");
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [events, setEvents] = useState<string[]>(webhook?.events ?? []);
  const urlField = useRef<HTMLInputElement>(null);
  const sending = useMutation({
    mutationFn: run,
    gcTime: 0,
    onError: (error) => errorsByPointer(error).has("/url") && urlField.current?.focus(),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        sending.mutate({
          url,
          description: description.trim() || null,
          events: WEBHOOK_EVENTS.filter((one) => events.includes(one)) as WebhookEvent[],
        });
      }}
    >
      <Stack>
        <TextInput
          label="URL"
          description="https: or http:, with a public address."
          placeholder="https://example.org/hook"
          required
          data-autofocus
          ref={urlField}
          error={errorsByPointer(sending.error).get("/url")}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <TextInput
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Checkbox.Group
          label="Events"
          description="None chosen: all of them, those of later versions too."
          value={events}
          onChange={setEvents}
        >
          <div className="event-choices">
            {WEBHOOK_EVENTS.map((event) => (
              <Checkbox key={event} value={event} label={event} size="sm" />
            ))}
          </div>
        </Checkbox.Group>
        {sending.error && !isAtFields(sending.error, "/url") && <Problem error={sending.error} />}
        <Group justify="flex-end">
          <ActionButton
            type="submit"
            loading={sending.isPending}
            why={whyNot ?? (url.trim() === "" ? "Give its URL first." : undefined)}
          >
            {submitLabel}
          </ActionButton>
        </Group>
      </Stack>
    </form>
  );
}

import { type KeyResource, SCOPES, type Scope } from "@drc/contracts";
import type { NewKey } from "@drc/sdk";
import { Group, NativeSelect, NumberInput, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ActionButton } from "../../components/action-button.tsx";
import { dateTime } from "../../components/format.ts";
import { numberIn } from "../../components/number-in.ts";
import { Problem } from "../../components/problem.tsx";
import { useWhyNot } from "../../components/why-not.ts";

const DAY_MS = 86_400_000;
const EXPIRIES = [
  { value: "", label: "never" },
  { value: "7", label: "in 7 days" },
  { value: "30", label: "in 30 days" },
  { value: "90", label: "in 90 days" },
  { value: "365", label: "in a year" },
];
const MEANINGS: Record<Scope, string> = {
  read: "reads everything, and downloads",
  submit: "the same, and uploads, submits, and acts on jobs, datasets and models",
  admin: "the same, and administers keys",
};
const BYTES_PER_GB = 1e9;

/** Of a key that is changed: its expiry stays. */
const AS_IT_IS = "as it is";

interface KeyFormProps {
  /** What there is already, where one is changed. */
  apiKey?: KeyResource;
  submitLabel: string;
  run(body: NewKey): Promise<void>;
}

/** Name, scope, expiry and limits. Each scope includes those before it, so one is enough. */
export function KeyForm({ apiKey, submitLabel, run }: KeyFormProps) {
  const whyNot = useWhyNot("admin");
  const before = apiKey?.limits;
  const [name, setName] = useState(apiKey?.name ?? "");
  const [scope, setScope] = useState<Scope>(SCOPES.findLast((one) => apiKey?.scopes.includes(one)) ?? "submit");
  const [days, setDays] = useState(apiKey ? AS_IT_IS : "");
  const [queuedJobs, setQueuedJobs] = useState<number | string>(before?.queuedJobs ?? "");
  const [storedGb, setStoredGb] = useState<number | string>(
    before?.storedBytes == null ? "" : before.storedBytes / BYTES_PER_GB,
  );
  const [requests, setRequests] = useState<number | string>(before?.requestsPerMinute ?? "");
  const sending = useMutation({ mutationFn: run, gcTime: 0 });
  const limits = {
    queuedJobs: numberIn(queuedJobs),
    gigabytes: numberIn(storedGb),
    requestsPerMinute: numberIn(requests),
  };
  const noNumber = Object.values(limits).some(Number.isNaN) ? "A limit is no number." : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const { gigabytes, ...others } = limits;
        sending.mutate({
          name,
          scopes: [scope],
          expiresAt: expiryOf(days, apiKey),
          limits: {
            ...others,
            storedBytes: gigabytes === null ? null : Math.round(gigabytes * BYTES_PER_GB),
          },
        });
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          description="Of the person or program that will have it."
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Radio.Group label="Scope" value={scope} onChange={(value) => setScope(value as Scope)}>
          <Stack gap={4} mt={4}>
            {SCOPES.map((value) => (
              <Radio key={value} value={value} label={`${value}: ${MEANINGS[value]}`} />
            ))}
          </Stack>
        </Radio.Group>
        <NativeSelect
          label="Expires"
          value={days}
          data={apiKey ? [{ value: AS_IT_IS, label: expiryText(apiKey) }, ...EXPIRIES] : EXPIRIES}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <NumberInput
          label="Unfinished jobs at most"
          placeholder="no limit"
          min={1}
          allowDecimal={false}
          value={queuedJobs}
          onChange={setQueuedJobs}
        />
        <NumberInput
          label="Stored at most, GB"
          placeholder="no limit"
          min={1 / BYTES_PER_GB}
          decimalScale={9}
          value={storedGb}
          onChange={setStoredGb}
        />
        <NumberInput
          label="Requests a minute at most"
          placeholder="as the server allows"
          min={1}
          allowDecimal={false}
          value={requests}
          onChange={setRequests}
        />
        {sending.error && <Problem error={sending.error} />}
        <Group justify="flex-end">
          <ActionButton
            type="submit"
            loading={sending.isPending}
            why={whyNot ?? (name.trim() === "" ? "Name it first." : noNumber)}
          >
            {submitLabel}
          </ActionButton>
        </Group>
      </Stack>
    </form>
  );
}

function expiryOf(days: string, apiKey: KeyResource | undefined): string | null {
  if (days === AS_IT_IS) return apiKey?.expiresAt ?? null;
  return days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
}

function expiryText({ expiresAt }: KeyResource): string {
  return `${AS_IT_IS}: ${expiresAt === null ? "never" : dateTime(expiresAt)}`;
}
